import { assertEquals } from "@std/assert";
import { CONFIRMED, inboxKey, inboxPrefix } from "../../src/mailbox/keys.ts";
import { testSealer } from "../support/sealer.ts";
import { client } from "./messages.ts";

Deno.test("an inbox is one range of the database, with its mark first and its chunks in order", async () => {
  using kv = await Deno.openKv(":memory:");
  const sealer = testSealer();
  const [one, another] = [sealer.pseudonym(client(1)), sealer.pseudonym(client(2))];
  const sequences = [300, 2, 2 ** 40, 255, 256, CONFIRMED, 1];
  for (const sequence of sequences) {
    await kv.set(inboxKey(one, sequence), sequence);
    await kv.set(inboxKey(another, sequence), "another's");
  }
  const entries = await Array.fromAsync(kv.list({ prefix: inboxPrefix(one) }));
  assertEquals(entries.map(({ value }) => value), sequences.toSorted((a, b) => a - b));
});
