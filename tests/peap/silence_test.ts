import { assertEquals } from "@std/assert";
import { ASK_AFTER, PATIENCE, Silence } from "../../src/peap/silence.ts";

Deno.test("a silent gateway is asked after 20 s, and given up after 30", () => {
  const silence = new Silence(0);
  assertEquals([ASK_AFTER, ASK_AFTER + PATIENCE], [20_000, 30_000]);
  assertEquals(silence.look(0), { act: "wait", again: 20_000 });
  assertEquals(silence.look(19_999), { act: "wait", again: 1 });
  assertEquals(silence.look(20_000), { act: "ask", again: 10_000 });
  assertEquals(silence.look(29_999), { act: "wait", again: 1 });
  assertEquals(silence.look(30_000), { act: "end", again: 0 });
});

Deno.test("any word from it starts the time again", () => {
  const silence = new Silence(0);
  silence.heard(15_000);
  assertEquals(silence.look(20_000), { act: "wait", again: 15_000 });
  assertEquals(silence.look(35_000), { act: "ask", again: 10_000 });
  silence.heard(36_000);
  assertEquals(silence.look(45_000), { act: "wait", again: 11_000 });
});

Deno.test("after a sleep of the machine it is asked before it is given up", () => {
  const silence = new Silence(0);
  assertEquals(silence.look(3_600_000), { act: "ask", again: 10_000 });
});
