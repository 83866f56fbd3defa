import { assert, assertEquals } from "@std/assert";
import { type MailboxLimits, NO_LIMITS } from "../../src/mailbox/limits.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { Counters } from "../../src/counting/counters.ts";
import { VirtualTime } from "../model/virtual_time.ts";
import { eventually } from "../support/eventually.ts";
import { testSealer } from "../support/sealer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { client, numbered, range, readAll, readNumbers } from "./messages.ts";

const ignore = () => {};
const [bob, eve] = [client(1), client(2)];

/** A mailbox with limits, and its counters. */
async function open(
  path: string,
  limits: Partial<MailboxLimits>,
  disk = { isBelow: (_minimum: number) => false },
): Promise<{ mailbox: Mailbox; counters: Counters }> {
  const counters = new Counters();
  const sync = () => Promise.resolve();
  const all = { ...NO_LIMITS, ...limits };
  return { mailbox: await Mailbox.open(path, testSealer(), counters.add, ignore, sync, all, disk), counters };
}

Deno.test("a full inbox refuses new messages, keeps the old ones, and does not affect other inboxes", async () => {
  using folder = new TemporaryFolder();
  const { mailbox, counters } = await open(folder.file("mailbox.kv"), { inboxMessages: 10 });
  await using _ = mailbox;
  assertEquals(range(15).map((n) => mailbox.store(bob, numbered(n))), range(15).map((n) => n < 10));
  assertEquals(mailbox.store(eve, numbered(0)), true);
  await mailbox.flush();
  assertEquals(mailbox.store(bob, numbered(15)), false);
  const reader = mailbox.openInbox(bob, ignore);
  const messages = await readAll(reader);
  assertEquals(messages.length, 10);
  reader.confirm(messages[6]!.sequence); // in the middle of a chunk, which is removed as a whole
  await mailbox.flush();
  assertEquals(mailbox.store(bob, numbered(16)), false);
  reader.confirm(messages[9]!.sequence);
  await mailbox.flush();
  assertEquals(range(11, 20).map((n) => mailbox.store(bob, numbered(n))), range(11).map((n) => n < 10));
  await mailbox.flush();
  assertEquals(await readNumbers(reader), range(10, 20));
  assertEquals(counters.get("messages_refused_inbox_full"), 8);
});

Deno.test("the bytes of an inbox are limited, including those of messages not committed yet", async () => {
  using folder = new TemporaryFolder();
  const { mailbox, counters } = await open(folder.file("mailbox.kv"), { inboxBytes: 1000 });
  await using _ = mailbox;
  assertEquals(range(3).map((n) => mailbox.store(bob, numbered(n, 400))), [true, true, false]);
  assertEquals(mailbox.store(bob, numbered(3, 200)), true);
  await mailbox.flush();
  assertEquals(mailbox.store(bob, numbered(4, 4)), false);
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), [0, 1, 3]);
  assertEquals(counters.get("messages_refused_inbox_full"), 2);
});

Deno.test("the bytes of all inboxes together are limited, and the largest inboxes are refused first", async () => {
  using folder = new TemporaryFolder();
  const { mailbox, counters } = await open(folder.file("mailbox.kv"), { mailboxBytes: 16_000, inboxBytes: 6000 });
  await using _ = mailbox;
  assertEquals(range(12).map((n) => mailbox.store(bob, numbered(n, 600))).indexOf(false), 10, "its whole allowance");
  await mailbox.flush();
  while (mailbox.store(eve, numbered(0, 200)));
  await mailbox.flush();
  assertEquals(mailbox.totals.bytes, 6000 + 3400);
  assertEquals([bob, eve, client(3)].map((id) => mailbox.store(id, numbered(0, 200))), [false, false, true]);
  assertEquals(counters.get("messages_refused_inbox_full"), 3);
});

Deno.test("whatever other inboxes hold, each client is guaranteed its share of an eighth", async () => {
  using folder = new TemporaryFolder();
  const clients = 50;
  const limits = { mailboxBytes: 400_000, inboxBytes: 20_000, registeredClients: clients };
  const { mailbox, counters } = await open(folder.file("mailbox.kv"), limits);
  await using _ = mailbox;
  const flooded = range(clients - 5);
  for (const n of flooded) while (mailbox.store(client(n), numbered(n, 500))); // one after the other
  await mailbox.flush();
  assertEquals(counters.get("messages_refused_mailbox_full") > 20, true);
  for (const n of range(5, clients - 5)) {
    assertEquals(range(2).map((i) => mailbox.store(client(n), numbered(i, 500))), [true, true]); // 50,000 / 50 bytes
  }
  await mailbox.flush();
  assert(mailbox.totals.bytes <= limits.mailboxBytes);
  assertEquals(await readNumbers(mailbox.openInbox(client(clients - 1), ignore)), [0, 1]);
});

Deno.test("a flood of short messages leaves room too: each counts as what it takes on the disk", async () => {
  using folder = new TemporaryFolder();
  const limits = { mailboxBytes: 80_000, inboxBytes: 20_000, registeredClients: 20 };
  const { mailbox, counters } = await open(folder.file("mailbox.kv"), limits);
  await using _ = mailbox;
  for (const n of range(15)) for (const _ of range(100)) mailbox.store(client(n), new Uint8Array(1));
  await mailbox.flush();
  assert(mailbox.totals.messages <= limits.mailboxBytes / 200);
  assert(counters.get("messages_refused_mailbox_full") > 1000);
  for (const n of range(5, 15)) assertEquals(mailbox.store(client(n), numbered(n, 500)), true); // 10,000 / 20 bytes
});

Deno.test("while the disk is low messages are refused and can still be read, and afterwards they are stored again", async () => {
  using folder = new TemporaryFolder();
  const disk = { free: 1000, isBelow: (minimum: number) => disk.free < minimum };
  const { mailbox, counters } = await open(folder.file("mailbox.kv"), { minimumFreeDisk: 1000 }, disk);
  await using _ = mailbox;
  assertEquals(mailbox.store(bob, numbered(0)), true);
  disk.free = 999;
  assertEquals(mailbox.store(bob, numbered(1)), false);
  const reader = mailbox.openInbox(bob, ignore);
  await mailbox.flush();
  const messages = await readAll(reader);
  reader.confirm(messages[0]!.sequence);
  await mailbox.flush();
  assertEquals(mailbox.totals.messages, 0);
  disk.free = 1000;
  assertEquals(mailbox.store(bob, numbered(2)), true);
  await mailbox.flush();
  assertEquals(await readNumbers(reader), [2]);
  assertEquals(counters.get("messages_refused_disk_low"), 1);
});

Deno.test("while the disk is low a client that confirms keeps getting messages, and one that does not gets none once some have moved to its inbox", async () => {
  using folder = new TemporaryFolder();
  using time = new VirtualTime();
  const { mailbox, counters } = await open(folder.file("mailbox.kv"), { minimumFreeDisk: 1 }, { isBelow: () => true });
  await using _ = mailbox;
  const readers = [bob, eve].map((id) => mailbox.openInbox(id, ignore));
  const [bobs, eves] = [readers[0]!, readers[1]!];
  for (const reader of readers) assertEquals(await reader.next(), []);
  for (const n of range(10)) {
    for (const id of [bob, eve]) assertEquals(mailbox.store(id, numbered(n)), true);
    bobs.confirm(bobs.take()!.sequence);
    eves.take();
    await mailbox.flush();
  }
  await time.advance(12_000, () => mailbox.flush());
  assertEquals([bob, eve].map((id) => mailbox.store(id, numbered(10))), [true, false]);
  assertEquals(counters.get("messages_refused_disk_low"), 1);
  assertEquals(await readNumbers(mailbox.openInbox(eve, ignore)), range(10));
});

Deno.test("the walk after a start counts stored messages correctly while others are stored and confirmed", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const inboxes = 200;
  {
    await using mailbox = await Mailbox.open(path, testSealer());
    for (const n of range(inboxes * 6)) {
      mailbox.store(client(n % inboxes), numbered(n));
      if (n % 10 === 9) await mailbox.flush(); // a chunk for each message
    }
  }
  const { mailbox } = await open(path, { inboxMessages: 10 });
  await using _ = mailbox;
  // During the walk, half of the clients read, and two messages are stored for each.
  for (const n of range(inboxes)) {
    for (const i of range(2)) assertEquals(mailbox.store(client(n), numbered(1200 + i)), true);
    if (n % 2 === 0) continue;
    const reader = mailbox.openInbox(client(n), ignore);
    const messages = await reader.next();
    reader.confirm(messages[2]!.sequence);
    await mailbox.flush();
  }
  await eventually("the walk has ended", () => !mailbox.isCounting);
  await mailbox.flush();
  for (const n of range(inboxes)) {
    const room = n % 2 === 0 ? 2 : 5;
    assertEquals(range(room + 1).map((i) => mailbox.store(client(n), numbered(2000 + i))), [
      ...range(room).map(() => true),
      false,
    ]);
  }
});
