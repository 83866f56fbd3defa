import { assertEquals } from "@std/assert";
import { Counters } from "../../src/counting/counters.ts";

Deno.test("counters count by name", () => {
  const counters = new Counters();
  const { add } = counters; // passed as a function
  add("packets_received", 3);
  add("covers_pushed");
  add("packets_received");
  add("messages_lost", 0);
  assertEquals(counters.get("packets_received"), 4);
  assertEquals(counters.get("covers_pushed"), 1);
  assertEquals(counters.get("messages_stored"), 0);
  assertEquals(Object.entries(counters.snapshot()), [
    ["covers_pushed", 1],
    ["messages_lost", 0],
    ["packets_received", 4],
  ]);
});
