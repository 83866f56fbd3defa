import { assert, assertEquals, assertNotEquals, assertObjectMatch } from "@std/assert";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { MAX_MESSAGE_SIZE } from "../../src/sphinx/constants.ts";
import { eventually } from "../support/eventually.ts";
import { testSealer } from "../support/sealer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { client, numbered, numberOf, range, readAll, readNumbers } from "./messages.ts";
import { keysOnDisk } from "./on_disk.ts";

const ignore = () => {};

Deno.test("messages are read unchanged, each client's in order", async () => {
  using folder = new TemporaryFolder();
  await using mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer());
  for (const n of range(300)) mailbox.store(client(n % 3), numbered(n));
  await mailbox.flush();
  for (const c of range(3)) {
    const messages = await readAll(mailbox.openInbox(client(c), ignore));
    assertEquals(messages.map(({ message }) => message), range(100).map((i) => numbered(3 * i + c)));
    assert(messages.every(({ sequence }, i) => i === 0 || sequence > messages[i - 1]!.sequence));
  }
  assertEquals(await mailbox.openInbox(client(3), ignore).next(), []);
});

Deno.test("empty messages are stored too", async () => {
  using folder = new TemporaryFolder();
  await using mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer());
  for (const size of [0, 4, 0]) mailbox.store(client(1), new Uint8Array(size));
  await mailbox.flush();
  const messages = await readAll(mailbox.openInbox(client(1), ignore));
  assertEquals(messages.map(({ message }) => message.length), [0, 4, 0]);
});

Deno.test("stored messages survive a restart, and sequence numbers continue", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  let last: number;
  {
    await using mailbox = await Mailbox.open(path, testSealer());
    for (const n of range(10)) mailbox.store(client(1), numbered(n)); // closing commits it
  }
  {
    await using mailbox = await Mailbox.open(path, testSealer());
    assertObjectMatch({ ...mailbox.totals }, { sequence: 10, messages: 10, bytes: 400 });
    const messages = await readAll(mailbox.openInbox(client(1), ignore));
    assertEquals(messages.map(({ message }) => numberOf(message)), range(10));
    last = messages.at(-1)!.sequence;
    mailbox.store(client(1), numbered(10));
  }
  await using mailbox = await Mailbox.open(path, testSealer());
  const messages = await readAll(mailbox.openInbox(client(1), ignore));
  assertEquals(messages.map(({ message }) => numberOf(message)), range(11));
  assertEquals(messages.at(-1)!.sequence, last + 1);
});

Deno.test("a message counts as stored only when the data synced along with its commit is on the disk too", async () => {
  using folder = new TemporaryFolder();
  const synced = Promise.withResolvers<void>();
  const synching = Promise.withResolvers<void>();
  const syncAlong = () => {
    synching.resolve();
    return synced.promise;
  };
  let stored = 0;
  const count = (_: string, n = 1) => stored += n;
  const path = folder.file("mailbox.kv");
  await using mailbox = await Mailbox.open(path, testSealer(), count, ignore, syncAlong);
  let nudged = false;
  mailbox.openInbox(client(0), () => nudged = true);
  mailbox.store(client(0), numbered(0));
  await synching.promise;
  await keysOnDisk(path); // takes longer than the commit itself
  assertEquals({ stored, nudged }, { stored: 0, nudged: true });
  synced.resolve();
  await mailbox.flush();
  assertEquals(stored, 1);
});

Deno.test("commits stay within the database's limits with messages of the largest size", async () => {
  using folder = new TemporaryFolder();
  const commits: number[] = [];
  await using mailbox = await Mailbox.open(
    folder.file("mailbox.kv"),
    testSealer(),
    (_, messages) => commits.push(messages!),
  );
  for (const n of range(3000)) mailbox.store(client(n % 2), numbered(n, MAX_MESSAGE_SIZE));
  await mailbox.flush();
  assertEquals(commits.reduce((sum, messages) => sum + messages), 3000);
  assert(commits.length > 1 && commits.length < 6, `${commits.length} commits`);
  for (const c of range(2)) {
    const numbers = await readNumbers(mailbox.openInbox(client(c), ignore));
    assertEquals(numbers, range(1500).map((i) => 2 * i + c));
  }
});

Deno.test("commits stay within the database's limits with thousands of clients and more than 1000 removals", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  await using mailbox = await Mailbox.open(path, testSealer());
  const clients = 2500;
  for (const n of range(clients)) mailbox.store(client(n), numbered(n));
  await mailbox.flush();
  const readers = range(clients).map((c) => mailbox.openInbox(client(c), ignore));
  for (const [c, reader] of readers.entries()) {
    const [message] = await reader.next();
    assertEquals(message!.message, numbered(c));
    reader.confirm(message!.sequence);
  }
  await mailbox.flush();
  assertObjectMatch({ ...mailbox.totals }, { sequence: clients, messages: 0, bytes: 0 });
  assertEquals(await keysOnDisk(path, ["inbox"]), []);
});

Deno.test("uncommitted messages are bounded, and there is room again after a commit", async () => {
  using folder = new TemporaryFolder();
  await using mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer());
  let stored = 0;
  for (; mailbox.room() === undefined; stored++) mailbox.store(client(1), numbered(stored, 4));
  assertEquals(stored, 8192);
  while (mailbox.room() !== undefined) await mailbox.room();
  await mailbox.flush();
  assertEquals(await readNumbers(mailbox.openInbox(client(1), ignore)), range(stored));
});

Deno.test("a message that arrives in any turn around the end of a commit is committed without another message", async () => {
  using folder = new TemporaryFolder();
  let stored = 0;
  let committed = () => {};
  const count = (_: string, n = 1) => stored += n;
  await using mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer(), count, () => committed());
  for (const turns of range(12)) {
    const first = Promise.withResolvers<void>();
    committed = first.resolve;
    mailbox.store(client(1), numbered(2 * turns));
    await first.promise;
    for (let i = 0; i < turns; i++) await undefined;
    mailbox.store(client(1), numbered(2 * turns + 1));
    await eventually("both are stored", () => stored === 2 * turns + 2);
  }
  assertEquals(await readNumbers(mailbox.openInbox(client(1), ignore)), range(24));
});

Deno.test("a login does not wait for messages that keep coming", async () => {
  using folder = new TemporaryFolder();
  let coming = () => {};
  await using mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer(), ignore, () => coming());
  mailbox.store(client(1), numbered(1));
  await mailbox.flush();
  let loggedIn = false;
  // Each commit stores the next message, so that one is always uncommitted.
  coming = () => {
    if (!loggedIn) mailbox.store(client(2), numbered(0));
  };
  coming();
  const before = mailbox.openInbox(client(1), ignore);
  before.confirm((await before.next())[0]!.sequence);
  assertEquals(await mailbox.openInbox(client(1), ignore).next(), []);
  loggedIn = true;
  await mailbox.flush();
  assertNotEquals(await readAll(mailbox.openInbox(client(2), ignore)), []);
});

Deno.test("confirmed messages leave the disk without another commit, even after one that outlasted the removal delay", async () => {
  using folder = new TemporaryFolder();
  let syncing = Promise.resolve();
  let commits = 0;
  const sync = () => {
    commits++;
    return syncing;
  };
  await using mailbox = await Mailbox.open(folder.file("mailbox.kv"), testSealer(), ignore, ignore, sync);
  for (const n of range(3)) {
    mailbox.store(client(1), numbered(n));
    await mailbox.flush();
  }
  const reader = mailbox.openInbox(client(1), ignore);
  const [first, second] = await readAll(reader);
  const slow = Promise.withResolvers<void>();
  syncing = slow.promise;
  const before = commits;
  mailbox.store(client(2), numbered(3));
  await eventually("the commit has begun", () => commits > before);
  reader.confirm(first!.sequence);
  await new Promise((resolve) => setTimeout(resolve, 50)); // longer than the removal delay, whose end shows only after the commit
  slow.resolve();
  await mailbox.flush();
  assertEquals(mailbox.totals.messages, 3);
  reader.confirm(second!.sequence);
  await eventually("the second message is removed", () => mailbox.totals.messages === 2);
});
