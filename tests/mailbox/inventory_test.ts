import { assertEquals, assertRejects } from "@std/assert";
import { addressOf } from "../../src/mailbox/client_id.ts";
import { inventory } from "../../src/mailbox/inventory.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { Sealer } from "../../src/mailbox/sealing.ts";
import { testSealer } from "../support/sealer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { damageKeys, numberInKey } from "./damaged_keys.ts";
import { client, numbered, range } from "./messages.ts";

Deno.test("unconfirmed messages are counted by inbox while the mailbox is open, without naming addresses", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  await using mailbox = await Mailbox.open(path, testSealer());
  for (const n of range(100)) mailbox.store(client(1), numbered(n, 500));
  mailbox.store(client(2), numbered(0, 40));
  await mailbox.flush();
  const reader = mailbox.openInbox(client(1), () => {});
  const taken = await reader.next();
  reader.confirm(taken[9]!.sequence);
  await mailbox.flush();
  const found = (await Array.fromAsync(inventory(path, testSealer()))).sort((a, b) => a.bytes - b.bytes);
  assertEquals(found.map(({ messages, bytes, damaged }) => [messages, bytes, damaged]), [[1, 40, 0], [90, 45_000, 0]]);
  for (const { inbox } of found) {
    assertEquals(inbox.length, 12);
    for (const n of [1, 2]) assertEquals(addressOf(client(n)).toHex().includes(inbox), false);
  }
});

Deno.test("messages that move from the journal to their inboxes meanwhile are counted once", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const clients = range(600); // more than the database reads at a time
  const mailbox = await Mailbox.open(path, testSealer());
  for (const c of clients) for (const n of range(16)) mailbox.store(client(c), numbered(n, 40)); // to their inboxes
  await mailbox.flush();
  for (const c of clients) mailbox.store(client(c), numbered(16, 40)); // to the journal
  await mailbox.flush();
  const summaries = inventory(path, testSealer());
  const found = [(await summaries.next()).value!];
  await mailbox[Symbol.asyncDispose](); // empties the journal
  found.push(...await Array.fromAsync(summaries));
  assertEquals(new Set(found.map(({ messages }) => messages)), new Set([17]));
});

Deno.test("a missing mailbox is not created, and another storage key opens nothing", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  await assertRejects(() => Array.fromAsync(inventory(path, testSealer())), Deno.errors.NotFound);
  await using mailbox = await Mailbox.open(path, testSealer());
  mailbox.store(client(1), numbered(1));
  await mailbox.flush();
  await assertRejects(() => Array.fromAsync(inventory(path, new Sealer(new Uint8Array(32)))), Error, "storage key");
});

Deno.test("entries with damaged keys are left out", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  {
    await using mailbox = await Mailbox.open(path, testSealer());
    for (const n of range(5)) {
      mailbox.store(client(1), numbered(n, 40));
      await mailbox.flush();
    }
  }
  damageKeys(path, numberInKey(3), numberInKey(3).slice(0, -2));
  const found = await Array.fromAsync(inventory(path, testSealer()));
  assertEquals(found.map(({ messages, bytes }) => [messages, bytes]), [[4, 160]]);
});
