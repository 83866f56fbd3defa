import { assertEquals } from "@std/assert";
import { CONFIRMED, inboxKey, inboxPrefix } from "../../src/mailbox/keys.ts";
import { client } from "./messages.ts";

Deno.test("an inbox is one range of the database, its mark first, then its chunks in order", async () => {
  using kv = await Deno.openKv(":memory:");
  const sequences = [300, 2, 2 ** 40, 255, 256, CONFIRMED, 1];
  for (const sequence of sequences) {
    await kv.set(inboxKey(client(1), sequence), sequence);
    await kv.set(inboxKey(client(2), sequence), "another's");
  }
  const entries = await Array.fromAsync(kv.list({ prefix: inboxPrefix(client(1)) }));
  assertEquals(entries.map(({ value }) => value), sequences.toSorted((a, b) => a - b));
});
