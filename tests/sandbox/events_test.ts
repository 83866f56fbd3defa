import { assertEquals } from "@std/assert";
import { Counters } from "../../src/counting/counters.ts";
import { EventTeller } from "../../src/sandbox/events.ts";

Deno.test("events are told with their numbers, and nothing else is", () => {
  const counters = new Counters();
  const lines: string[] = [];
  {
    using _teller = new EventTeller(counters, (line) => lines.push(line));
    counters.add("registrations");
    counters.add("messages_stored", 3);
    counters.add("messages_pushed", 2);
    counters.add("packets_dropped_unknown_client", 1);
    counters.add("packets_received", 7);
  }
  assertEquals(lines, [
    "2 messages pushed to their clients",
    "3 messages stored",
    "1 packet dropped: unknown client",
    "1 client registered",
  ]);
});

Deno.test("what was told is not told again", async () => {
  const counters = new Counters();
  const lines: string[] = [];
  const first = Promise.withResolvers<void>();
  {
    using _teller = new EventTeller(counters, (line) => {
      lines.push(line);
      first.resolve();
    });
    counters.add("messages_stored", 3);
    await first.promise;
    counters.add("messages_stored", 1);
  }
  assertEquals(lines, ["3 messages stored", "1 message stored"]);
});
