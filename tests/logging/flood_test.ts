import { assertEquals } from "@std/assert";
import { causeOf, FloodGuard, MAX_LINES, WINDOW } from "../../src/logging/flood.ts";

Deno.test("ten lines of one cause are written per second, then how many more there were", () => {
  const guard = new FloodGuard();
  const said: string[] = [];
  const log = (cause: string, now: number) => {
    if (guard.admit(cause, (leftOut) => said.push(`${leftOut} more ${cause}`), now)) said.push(cause);
  };
  for (let i = 0; i < 500; i++) log("a", i);
  log("b", 500);
  assertEquals(said, [...Array(MAX_LINES).fill("a"), "b"]);
  log("b", WINDOW);
  assertEquals(said.slice(MAX_LINES + 1), ["490 more a", "b"]);
  guard.flush();
});

Deno.test("the number of lines left out is reported without waiting for another line", async () => {
  const guard = new FloodGuard();
  const said = Promise.withResolvers<number>();
  for (let i = 0; i <= MAX_LINES; i++) guard.admit("a", said.resolve);
  const waiting = setTimeout(() => said.reject(new Error("nothing was said")), 10 * WINDOW); // the guard's own timer keeps nothing alive
  assertEquals(await said.promise, 1);
  clearTimeout(waiting);
});

Deno.test("beyond 256 causes, all new ones share one count", () => {
  const guard = new FloodGuard();
  let written = 0;
  let leftOut = 0;
  for (let i = 0; i < 10_000; i++) if (guard.admit(`cause ${i}`, (n) => leftOut += n, i / 100)) written++;
  guard.flush();
  assertEquals([written, leftOut], [256 + MAX_LINES, 10_000 - 256 - MAX_LINES]);
});

Deno.test("lines that differ only in numbers and quoted names have one cause", () => {
  assertEquals(causeOf("warn", "t", 'lost 5 of "x y"'), causeOf("warn", "t", 'lost 17 of "z"'));
  assertEquals(
    new Set(["warn t a", "info t a", "warn u a", "warn t b"].map((key) => {
      const [level = "", target = "", text = ""] = key.split(" ");
      return causeOf(level, target, text);
    })).size,
    4,
  );
});
