import { assert, assertEquals } from "@std/assert";
import { range } from "../mailbox/messages.ts";
import { trend } from "./samples.ts";
import { soak } from "./soak.ts";

Deno.test("a soak of two seconds loses nothing", async () => {
  const lines: string[] = [];
  const { verdict } = await soak({ seconds: 2, rate: 200, lineEvery: 1 }, (line) => lines.push(line));
  assert(lines.length > 0);
  assert(verdict.includes("400 messages, 400 arrived"), verdict);
});

Deno.test("growth is not called flat", () => {
  const samples = (growth: number) => range(100).map((n) => ({ memory: 100 + n * growth, descriptors: 50, files: 3 }));
  assertEquals(trend(samples(0)).flat, true);
  assertEquals(trend(samples(0.05)).flat, true);
  assertEquals(trend(samples(1)).flat, false);
});
