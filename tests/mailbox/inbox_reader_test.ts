import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import { CONFIRMED } from "../../src/mailbox/keys.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { testSealer } from "../support/sealer.ts";
import { Counters } from "../../src/counting/counters.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { client, numbered, numberOf, range, readAll, readNumbers } from "./messages.ts";
import { damage, keyOf, keysOnDisk, onDisk } from "./on_disk.ts";

const ignore = () => {};
const bob = client(1);

/** Stores each message in its own chunk, so that tests can examine parts of an inbox. */
async function storeEach(mailbox: Mailbox, numbers: number[], size = 40): Promise<void> {
  for (const n of numbers) {
    mailbox.store(bob, numbered(n, size));
    await mailbox.flush();
  }
}

Deno.test("a reader is nudged when a message arrives, before it is on the disk, and reads new messages after old ones", async () => {
  using folder = new TemporaryFolder();
  await using mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer());
  await storeEach(mailbox, range(3));
  let nudges = 0;
  const reader = mailbox.openInbox(bob, () => nudges++);
  mailbox.store(bob, numbered(3));
  assertEquals(nudges, 1);
  assertEquals(await readNumbers(reader), range(4));
  await mailbox.flush();
  await storeEach(mailbox, [4, 5]);
  assertEquals(nudges, 3);
  assertEquals(await readNumbers(reader), [4, 5]);
  assertEquals(await reader.next(), []);
});

Deno.test("a reader opened during a commit reads messages on the disk, then those being committed, then the rest", async () => {
  using folder = new TemporaryFolder();
  const committing = Promise.withResolvers<void>();
  const synced = Promise.withResolvers<void>();
  let slow = false;
  const sync = () => {
    if (slow) committing.resolve();
    return slow ? synced.promise : Promise.resolve();
  };
  await using mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer(), ignore, ignore, sync);
  await storeEach(mailbox, range(2));
  slow = true;
  for (const n of [2, 3]) mailbox.store(bob, numbered(n));
  await committing.promise;
  for (const n of [4, 5]) mailbox.store(bob, numbered(n));
  const reader = mailbox.openInbox(bob, ignore);
  const first = await reader.next();
  synced.resolve();
  await mailbox.flush();
  assertEquals([...first.map(({ message }) => numberOf(message)), ...await readNumbers(reader)], range(6));
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), range(6));
});

Deno.test("messages taken in the turn in which they arrive, and confirmed before their commit, are never written", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const counters = new Counters();
  await using mailbox = await Mailbox.open(path, testSealer(), counters.add);
  await storeEach(mailbox, [0]);
  const reader = mailbox.openInbox(bob, ignore);
  await readAll(reader);
  for (const n of range(3, 1)) mailbox.store(bob, numbered(n));
  assertEquals(range(3).map(() => numberOf(reader.take()!.message)), range(3, 1));
  reader.confirm(3); // of sequence numbers 2 to 4, and the one on the disk
  await mailbox.flush();
  assertEquals(await keysOnDisk(path, ["inbox"]), []);
  assertEquals((await keysOnDisk(path, ["journal"])).length, 1);
  assertEquals([counters.get("messages_stored"), counters.get("messages_confirmed")], [2, 3]);
  assertObjectMatch({ ...mailbox.totals }, { sequence: 4, messages: 1, bytes: 40 });
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), [3]);
});

Deno.test("messages confirmed during their commit are removed after it, as whole chunks or with a mark", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const committing = Promise.withResolvers<void>();
  const synced = Promise.withResolvers<void>();
  const sync = () => {
    committing.resolve();
    return synced.promise;
  };
  const eve = client(2);
  await using mailbox = await Mailbox.open(path, testSealer(), ignore, ignore, sync);
  for (const n of range(4)) mailbox.store(bob, numbered(n));
  for (const n of range(2)) mailbox.store(eve, numbered(n));
  await committing.promise; // to their inboxes, because nobody reads them
  const reader = mailbox.openInbox(bob, ignore);
  const eves = mailbox.openInbox(eve, ignore);
  assertEquals([await readNumbers(reader), await readNumbers(eves)], [range(4), range(2)]);
  reader.confirm(3);
  eves.confirm(mailbox.totals.sequence);
  const newer = mailbox.openInbox(eve, ignore).next(); // waits for the disk, which would bring them back
  synced.resolve();
  assertEquals(await newer, []);
  await mailbox.flush();
  assertEquals(await keysOnDisk(path, ["inbox"]), [keyOf(bob, CONFIRMED), keyOf(bob, 4)]);
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), [3]);
  reader.confirm(4); // void, because a newer reader exists
  const last = mailbox.openInbox(bob, ignore);
  last.confirm((await readAll(last)).at(-1)!.sequence);
  await mailbox.flush();
  assertEquals(await keysOnDisk(path, ["inbox"]), []);
  assertObjectMatch({ ...mailbox.totals }, { messages: 0, bytes: 0 });
});

Deno.test("confirmed messages leave the disk, and those in a partly confirmed chunk are not handed out again", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  {
    await using mailbox = await Mailbox.open(path, testSealer());
    for (const n of range(10)) mailbox.store(bob, numbered(n));
    await mailbox.flush();
    await storeEach(mailbox, [10, 11]);
    const reader = mailbox.openInbox(bob, ignore);
    const messages = await readAll(reader);
    reader.confirm(messages[3]!.sequence);
    reader.confirm(messages[6]!.sequence);
    reader.confirm(messages[5]!.sequence); // older than what is confirmed already
    await mailbox.flush();
    assertEquals(mailbox.totals.messages, 12); // the whole chunk is still on the disk
    assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), range(5, 7));
  }
  {
    await using mailbox = await Mailbox.open(path, testSealer());
    const reader = mailbox.openInbox(bob, ignore);
    const messages = await readAll(reader);
    assertEquals(messages.length, 5);
    reader.confirm(messages[3]!.sequence);
    await mailbox.flush();
    assertEquals(mailbox.totals.messages, 1);
    assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), [11]);
  }
  await using mailbox = await Mailbox.open(path, testSealer());
  const reader = mailbox.openInbox(bob, ignore);
  reader.confirm((await readAll(reader)).at(-1)!.sequence);
  await mailbox.flush();
  assertEquals(await keysOnDisk(path), [["storage_key", 0], ["storage_key", 1], ["totals"]]);
  assertObjectMatch({ ...mailbox.totals }, { sequence: 12, messages: 0, bytes: 0 });
});

Deno.test("a newer reader starts after what the older one confirmed, and the older one can confirm no more", async () => {
  using folder = new TemporaryFolder();
  await using mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer());
  await storeEach(mailbox, range(6));
  const older = mailbox.openInbox(bob, () => assert(false, "the older reader is no longer nudged"));
  const messages = await readAll(older);
  older.confirm(messages[1]!.sequence);
  const newer = mailbox.openInbox(bob, ignore); // before the removal is written
  older.confirm(messages[5]!.sequence);
  assertEquals(await readNumbers(newer), range(4, 2));
  assertEquals(await older.next(), []);
  await storeEach(mailbox, [6]);
  assertEquals(await readNumbers(newer), [6]);
  older.close(); // must not affect the newer one
  await storeEach(mailbox, [7]);
  assertEquals(await readNumbers(newer), [7]);
});

Deno.test("a reader that is closed during a read hands out nothing", async () => {
  using folder = new TemporaryFolder();
  await using mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer());
  await storeEach(mailbox, [0]);
  const reader = mailbox.openInbox(bob, ignore);
  const reading = reader.next();
  reader.close();
  assertEquals(await reading, []);
});

Deno.test("messages given back are handed out again, without those of their chunk already pushed, and are not kept in memory", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  await using mailbox = await Mailbox.open(path, testSealer());
  const reader = mailbox.openInbox(bob, ignore);
  for (const n of range(5)) mailbox.store(bob, numbered(n));
  await mailbox.flush();
  await storeEach(mailbox, [5, 6]);
  const handedOut = await readAll(reader);
  assertEquals(handedOut.length, 7);
  reader.giveBack(handedOut[2]!.sequence); // in the middle of a chunk
  await storeEach(mailbox, [7, 8]);
  reader.confirm(handedOut[1]!.sequence); // in the same chunk; must survive a crash
  await mailbox.flush();
  assertEquals((await keysOnDisk(path, ["inbox"]))[0]![2], CONFIRMED);
  assertEquals(await readNumbers(reader), range(6, 3));
  reader.confirm(handedOut[5]!.sequence);
  await mailbox.flush();
  assertEquals(mailbox.totals.messages, 9); // a chunk is removed as a whole, and all but the last are in one
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), [6, 7, 8]);
});

Deno.test("messages being committed when others are given back are handed out after them", async () => {
  using folder = new TemporaryFolder();
  await using mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer());
  const reader = mailbox.openInbox(bob, ignore);
  await storeEach(mailbox, range(3));
  const [first] = await readAll(reader);
  mailbox.store(bob, numbered(3));
  await undefined; // the commit has begun
  reader.giveBack(first!.sequence);
  await mailbox.flush();
  assertEquals(await readNumbers(reader), [1, 2, 3]);
  await storeEach(mailbox, [4]);
  assertEquals(await readNumbers(reader), [4]);
});

Deno.test("damaged chunks are counted and skipped, however many there are", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const counters = new Counters();
  const path = folder.file("mailbox.kv");
  await using mailbox = await Mailbox.open(path, testSealer(), counters.add);
  await storeEach(mailbox, range(40));
  for (const sequence of range(30, 5)) {
    await damage(path, keyOf(bob, sequence), (value) => value[sequence]! ^= 1 << sequence % 8);
  }
  const reader = mailbox.openInbox(bob, ignore);
  const messages = await readAll(reader);
  assertEquals(messages.map(({ sequence }) => sequence), [...range(4, 1), ...range(6, 35)]);
  assertEquals(counters.get("stored_values_damaged"), 30);
  reader.confirm(40);
  await mailbox.flush();
  assertEquals(await mailbox.openInbox(bob, ignore).next(), []);
});

Deno.test("a damaged mark confirms nothing", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  await using mailbox = await Mailbox.open(path, testSealer());
  for (const n of range(5)) mailbox.store(bob, numbered(n));
  await mailbox.flush();
  const reader = mailbox.openInbox(bob, ignore);
  reader.confirm((await readAll(reader))[2]!.sequence);
  await mailbox.flush();
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), [3, 4]);
  await damage(path, keyOf(bob, CONFIRMED), (value) => value[30]! ^= 0x40);
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), range(5));
});

Deno.test("a value is refused under another sequence number and in another client's inbox", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  await using mailbox = await Mailbox.open(path, testSealer());
  await storeEach(mailbox, range(2));
  await onDisk(path, async (kv) => {
    const [first, second] = (await kv.getMany<Uint8Array[]>([keyOf(bob, 1), keyOf(bob, 2)])).map(({ value }) => value);
    await kv.atomic().set(keyOf(bob, 1), second).set(keyOf(bob, 2), first).set(keyOf(client(2), 2), second).commit();
  });
  assertEquals(await mailbox.openInbox(bob, ignore).next(), []);
  assertEquals(await mailbox.openInbox(client(2), ignore).next(), []);
});
