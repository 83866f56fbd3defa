import { assertEquals } from "@std/assert";
import { Counters } from "../../src/counting/counters.ts";
import { EventReporter } from "../../src/sandbox/events.ts";

Deno.test("events are reported with their counts, and nothing else is", () => {
  const counters = new Counters();
  const lines: string[] = [];
  {
    using _teller = new EventReporter(counters, (line) => lines.push(line));
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

Deno.test("no event is reported twice", async () => {
  const counters = new Counters();
  const lines: string[] = [];
  const first = Promise.withResolvers<void>();
  {
    using _teller = new EventReporter(counters, (line) => {
      lines.push(line);
      first.resolve();
    });
    counters.add("messages_stored", 3);
    await first.promise;
    counters.add("messages_stored", 1);
  }
  assertEquals(lines, ["3 messages stored", "1 message stored"]);
});
