import { assertEquals, assertObjectMatch } from "@std/assert";
import fc from "fast-check";
import { Fresh } from "../../src/mailbox/fresh.ts";
import { inventory } from "../../src/mailbox/inventory.ts";
import { decodePage, encodePage, Journal, type JournalRecord } from "../../src/mailbox/journal.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { pseudonymOf } from "../../src/mailbox/pseudonym.ts";
import { VirtualTime } from "../model/virtual_time.ts";
import { Counters } from "../../src/counting/counters.ts";
import { testSealer } from "../support/sealer.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { client, numbered, range, readAll, readNumbers } from "./messages.ts";
import { damage, keysOnDisk } from "./on_disk.ts";

const ignore = () => {};
const [bob, eve] = [client(1), client(2)];

const anyInbox = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(pseudonymOf);
const anyRecord: fc.Arbitrary<JournalRecord> = fc.record({
  inbox: anyInbox,
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  message: fc.uint8Array({ maxLength: 1500 }),
}, { requiredKeys: ["inbox", "sequence"] });

Deno.test("a page survives encoding and decoding, and a torn one yields its first records or nothing", () => {
  fc.assert(fc.property(fc.array(anyRecord, { maxLength: 20 }), fc.nat(), (records, cut) => {
    const page = encodePage(records);
    assertEquals(decodePage(page), records);
    const torn = decodePage(page.subarray(0, cut % (page.length + 1)));
    assertEquals(torn, torn && records.slice(0, torn.length));
  }));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
    const records = decodePage(bytes);
    if (records !== undefined) assertEquals(encodePage(records), bytes);
  }));
});

/** A mailbox whose two clients have read everything. */
async function withReaders(path: string) {
  const mailbox = await Mailbox.open(path, testSealer());
  const readers = [bob, eve].map((id) => mailbox.openInbox(id, ignore));
  for (const reader of readers) await reader.next();
  return { mailbox, readers, bobs: readers[0]!, eves: readers[1]! };
}

Deno.test("messages of clients that keep up share a page, which is removed once all are confirmed", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const { mailbox, bobs, eves } = await withReaders(path);
  await using _ = mailbox;
  for (const n of range(3)) mailbox.store(bob, numbered(n));
  mailbox.store(eve, numbered(3));
  await mailbox.flush();
  assertEquals([(await keysOnDisk(path, ["journal"])).length, await keysOnDisk(path, ["inbox"])], [1, []]);
  assertObjectMatch({ ...mailbox.totals }, { messages: 4, bytes: 160 });
  const summaries = await Array.fromAsync(inventory(path, testSealer()));
  assertEquals(summaries.map(({ messages }) => messages).sort(), [1, 3]);
  bobs.confirm((await readAll(bobs)).at(-1)!.sequence);
  await mailbox.flush();
  assertObjectMatch({ ...mailbox.totals }, { messages: 1, bytes: 40 });
  eves.confirm((await readAll(eves)).at(-1)!.sequence);
  await mailbox.flush();
  assertEquals(await keysOnDisk(path), [["storage_key", 0], ["storage_key", 1], ["totals"]]);
  assertObjectMatch({ ...mailbox.totals }, { messages: 0, bytes: 0 });
});

Deno.test("messages that stay long move to their inbox in few chunks, and are handed out and confirmed as before", async () => {
  using folder = new TemporaryFolder();
  using time = new VirtualTime();
  const path = folder.file("mailbox.kv");
  const { mailbox, bobs, eves } = await withReaders(path);
  await using _ = mailbox;
  for (const n of range(20)) {
    mailbox.store(bob, numbered(n));
    mailbox.store(eve, numbered(n));
    await mailbox.flush();
    eves.confirm((await readAll(eves)).at(-1)!.sequence);
  }
  const handedOut = await readAll(bobs);
  bobs.confirm(handedOut[4]!.sequence);
  await mailbox.flush();
  await time.advance(12_000, () => mailbox.flush());
  assertEquals([await keysOnDisk(path, ["journal"]), (await keysOnDisk(path, ["inbox"])).length], [[], 1]);
  assertObjectMatch({ ...mailbox.totals }, { messages: 15, bytes: 600 });
  bobs.confirm(handedOut[9]!.sequence);
  await mailbox.flush();
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), range(10, 10));
  const last = mailbox.openInbox(bob, ignore);
  last.confirm((await readAll(last)).at(-1)!.sequence);
  await mailbox.flush();
  assertObjectMatch({ ...mailbox.totals }, { messages: 0, bytes: 0 });
  assertEquals(await keysOnDisk(path, ["inbox"]), []);
});

/** Copies the files of an open mailbox, as a kill would leave them. */
function killed(path: string, copy: string): void {
  for (const end of ["", "-wal"]) Deno.copyFileSync(path + end, copy + end);
}

Deno.test("messages for many clients that are away share pages too, and survive a kill; they move in few chunks", async () => {
  using folder = new TemporaryFolder();
  using time = new VirtualTime();
  const [path, copy] = [folder.file("mailbox.kv"), folder.file("copy.kv")];
  const clients = range(40).map(client);
  await using mailbox = await Mailbox.open(path, testSealer());
  for (const n of range(5)) {
    for (const id of clients) mailbox.store(id, numbered(n));
    await mailbox.flush();
  }
  assertEquals([(await keysOnDisk(path, ["journal"])).length, await keysOnDisk(path, ["inbox"])], [5, []]);
  killed(path, copy);
  const reader = mailbox.openInbox(clients[0]!, ignore);
  assertEquals(await readNumbers(reader), range(5));
  reader.confirm(mailbox.totals.sequence);
  await time.advance(12_000, () => mailbox.flush());
  assertEquals([await keysOnDisk(path, ["journal"]), (await keysOnDisk(path, ["inbox"])).length], [[], 39]);
  assertObjectMatch({ ...mailbox.totals }, { messages: 39 * 5, bytes: 39 * 5 * 40 });
  await using restarted = await Mailbox.open(copy, testSealer());
  for (const each of [mailbox, restarted]) {
    for (const id of clients.slice(1)) assertEquals(await readNumbers(each.openInbox(id, ignore)), range(5));
  }
});

Deno.test("after a kill the next start moves unconfirmed messages from the journal to the inboxes", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const copy = folder.file("copy.kv");
  {
    const { mailbox, bobs } = await withReaders(path);
    await using _ = mailbox;
    for (const n of range(100)) {
      mailbox.store(bob, numbered(n, 900));
      mailbox.store(eve, numbered(n));
      if (n % 10 === 9) await mailbox.flush();
    }
    bobs.confirm((await readAll(bobs))[29]!.sequence);
    await mailbox.flush();
    killed(path, copy);
  }
  await using mailbox = await Mailbox.open(copy, testSealer());
  assertObjectMatch({ ...mailbox.totals }, { messages: 170, bytes: 70 * 900 + 100 * 40 });
  assertEquals(await keysOnDisk(copy, ["journal"]), []);
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), range(70, 30));
  assertEquals(await readNumbers(mailbox.openInbox(eve, ignore)), range(100));
  mailbox.store(bob, numbered(100));
  await mailbox.flush();
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), range(71, 30));
});

Deno.test("a closed mailbox leaves nothing in the journal, so that a version without a journal can open it", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  {
    const { mailbox } = await withReaders(path);
    await using _ = mailbox;
    for (const n of range(50)) mailbox.store(bob, numbered(n));
    await mailbox.flush();
    assertEquals((await keysOnDisk(path, ["journal"])).length, 1);
  }
  assertEquals(await keysOnDisk(path, ["journal"]), []);
  await using mailbox = await Mailbox.open(path, testSealer());
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), range(50));
});

/**
 * Written by this project's commit 5188acd7, the last without a journal, under the tests' storage key: 20 messages for each
 * of clients 1 to 3, in four commits. The first has confirmed 7 of them, up to the middle of a chunk, the second all.
 */
const BEFORE_THE_JOURNAL = new URL("before_the_journal.kv.gz", import.meta.url);

Deno.test("a mailbox of the version without a journal opens, and nothing is lost or comes back", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const { body } = await fetch(BEFORE_THE_JOURNAL);
  await Deno.writeFile(path, body!.pipeThrough(new DecompressionStream("gzip")));
  const counters = new Counters();
  await using mailbox = await Mailbox.open(path, testSealer(), counters.add);
  assertObjectMatch({ ...mailbox.totals }, { messages: 15 + 20, bytes: 35 * 40 }); // whole chunks
  for (const n of range(3, 1)) mailbox.store(client(n), numbered(20));
  await mailbox.flush();
  const found = await Promise.all(range(3, 1).map((n) => readNumbers(mailbox.openInbox(client(n), ignore))));
  assertEquals(found, [range(14, 7), [20], range(21)]);
  assertEquals(counters.get("stored_values_damaged"), 0);
});

Deno.test("a damaged page is counted, and the messages of the other pages are delivered", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const copy = folder.file("copy.kv");
  {
    const { mailbox } = await withReaders(path);
    await using _ = mailbox;
    for (const n of range(3)) {
      mailbox.store(bob, numbered(n));
      await mailbox.flush();
    }
    killed(path, copy);
  }
  await damage(copy, (await keysOnDisk(copy, ["journal"]))[1]!, (value) => value[50]! ^= 1);
  const counters = new Counters();
  await using mailbox = await Mailbox.open(copy, testSealer(), counters.add);
  assertEquals(counters.get("stored_values_damaged"), 1);
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), [0, 2]);
});

Deno.test("commits fit with many inboxes, small and large messages, and many confirmations", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  await using mailbox = await Mailbox.open(path, testSealer());
  const clients = range(2000).map(client);
  const readers = clients.map((id) => mailbox.openInbox(id, ignore));
  for (const reader of readers) await reader.next();
  for (const size of [4, 975, 975]) {
    for (const id of clients) mailbox.store(id, numbered(0, size));
    await mailbox.flush();
  }
  for (const reader of readers) reader.confirm((await readAll(reader))[1]!.sequence);
  await mailbox.flush();
  assertObjectMatch({ ...mailbox.totals }, { messages: 2000, bytes: 2000 * 975 });
  for (const reader of readers) reader.confirm(mailbox.totals.sequence);
  await mailbox.flush();
  assertObjectMatch({ ...mailbox.totals }, { messages: 0, bytes: 0 });
  assertEquals(await keysOnDisk(path, ["journal"]), []);
});

Deno.test("a commit fits in which as many inboxes as possible move and many pages become empty", async () => {
  using folder = new TemporaryFolder();
  using _time = new VirtualTime(); // nothing moves before the mailbox closes
  const path = folder.file("mailbox.kv");
  const counters = new Counters();
  const clients = range(990).map(client);
  {
    await using mailbox = await Mailbox.open(path, testSealer(), counters.add);
    for (const n of range(15)) {
      for (const id of clients) mailbox.store(id, numbered(n, 4));
      await mailbox.flush();
    }
    assertEquals((await keysOnDisk(path, ["journal"])).length, 15);
  }
  assertEquals(counters.snapshot(), { messages_stored: 15 * 990 });
  assertEquals([await keysOnDisk(path, ["journal"]), (await keysOnDisk(path, ["inbox"])).length], [[], 990]);
});

Deno.test("notes of what has left the journal are written a few thousand at a time, the latest first", () => {
  const journal = new Journal();
  const page = journal.add(1, 0);
  page.left = 1; // so that it stays
  const inboxes = range(5000).map((n) => pseudonymOf(Uint8Array.of(n >> 8, n)));
  for (const [n, inbox] of inboxes.entries()) journal.leave(inbox, n + 1, page);
  journal.leave(inboxes[0]!, 6000, page);
  const size = journal.goneSize;
  const first = journal.takeGone();
  assertEquals(encodePage(first).length, size);
  assertEquals(first.at(-1), { inbox: inboxes[0]!, sequence: 6000 });
  assertEquals(journal.hasNews, true);
  const rest = journal.takeGone();
  assertEquals(new Set([...first, ...rest].map(({ inbox }) => inbox)).size, 5000);
  assertEquals(first.length + rest.length, 5000);
  assertEquals([journal.hasNews, journal.goneSize], [false, 0]);
});

Deno.test("what is too old or too much for the journal moves at once, however many inboxes share its pages", () => {
  const journal = new Journal();
  const fresh = new Fresh({ sequence: 0 }, journal);
  const most = 1_048_576;
  const inboxes = range(2000).map((n) => pseudonymOf(new Uint8Array(32).fill(n & 0xff).fill(n >> 8, 16)));
  const commit = (time: number, stale: number) => {
    for (const chunk of fresh.take(time, 990, 800_000, () => false, stale).chunks) fresh.landed(chunk);
  };
  let largest = 0;
  for (const time of range(40)) {
    for (const n of range(500)) fresh.add(inboxes[(500 * time + n) % 2000]!, numbered(n, 975));
    commit(time, journal.stale(-1, most));
    largest = Math.max(largest, journal.size);
  }
  assertEquals([largest > most, largest < most + 2 * 800_000], [true, true], `${largest} bytes`);
  const { first, size } = journal;
  assertEquals(journal.stale(-1, size), 0);
  assertEquals(journal.stale(-1, size - 1), first!.number);
  assertEquals(journal.stale(first!.time, size) > first!.number, true);
  for (let stale = journal.stale(40, 0); stale > 0; stale = journal.stale(40, 0)) commit(40, stale);
  commit(40, 0); // which removes the last pages
  assertEquals([journal.size, fresh.waiting], [0, 0]);
});
