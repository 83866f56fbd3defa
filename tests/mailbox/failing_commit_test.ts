import { assertEquals, assertObjectMatch } from "@std/assert";
import type { StoredMessage } from "../../src/mailbox/fresh.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { Counters } from "../../src/counting/counters.ts";
import { BrokenDatabase } from "../support/broken_database.ts";
import { testSealer } from "../support/sealer.ts";
import { eventually } from "../support/eventually.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { client, numbered, range, readAll, readNumbers } from "./messages.ts";

const ignore = () => {};
const [bob, eve] = [client(1), client(2)];

Deno.test("a failed commit is retried: nothing is lost, duplicated or counted twice", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  await using mailbox = await Mailbox.open(path, testSealer());
  for (const n of range(5)) mailbox.store(bob, numbered(n));
  await mailbox.flush();
  const reader = mailbox.openInbox(bob, ignore);
  const old = await readAll(reader);
  {
    using _full = new BrokenDatabase(path);
    mailbox.store(bob, numbered(5));
    reader.confirm(old.at(-1)!.sequence);
    await eventually("the commit has failed", () => mailbox.failure !== undefined);
    for (const n of range(3, 6)) mailbox.store(bob, numbered(n));
    assertEquals(await readNumbers(reader), range(4, 5), "a connected client does not wait for the disk");
  }
  await mailbox.flush();
  assertObjectMatch({ ...mailbox.totals }, { sequence: 9, messages: 4, bytes: 160 });
  assertEquals(await readNumbers(reader), []);
  assertEquals(await readNumbers(mailbox.openInbox(bob, ignore)), range(4, 5));
});

Deno.test("messages that cannot be written when the mailbox closes are counted as lost, and closing completes", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const counters = new Counters();
  const mailbox = await Mailbox.open(path, testSealer(), counters.add);
  mailbox.store(bob, numbered(0));
  await mailbox.flush();
  {
    using _full = new BrokenDatabase(path);
    for (const n of range(7, 1)) mailbox.store(bob, numbered(n));
    await mailbox[Symbol.asyncDispose]();
  }
  assertEquals(counters.snapshot(), { messages_lost: 7, messages_stored: 1 });
  await using reopened = await Mailbox.open(path, testSealer());
  assertObjectMatch({ ...reopened.totals }, { sequence: 1, messages: 1, bytes: 40 });
  assertEquals(await readNumbers(reopened.openInbox(bob, ignore)), [0]);
});

Deno.test("a disk that recovers within the patience granted for closing loses nothing", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const counters = new Counters();
  const mailbox = await Mailbox.open(path, testSealer(), counters.add);
  mailbox.endRetries(60_000);
  mailbox.store(bob, numbered(0));
  let closing: Promise<void>;
  {
    using _full = new BrokenDatabase(path);
    closing = mailbox[Symbol.asyncDispose]();
    await eventually("the commit has failed", () => mailbox.failure !== undefined);
  }
  await closing;
  assertEquals(counters.snapshot(), { messages_stored: 1 });
});

/** Opens a mailbox whose disk, which is `full`, has room again once the mailbox gives up what it could not write. */
function openUntilLoss(path: string, full: DisposableStack): Promise<Mailbox> {
  return Mailbox.open(path, testSealer(), (event) => event === "messages_lost" && full.dispose());
}

Deno.test("a commit that is given up leaves no trace in the totals that a later one writes", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  using full = new DisposableStack();
  const mailbox = await openUntilLoss(path, full);
  for (const n of range(4)) mailbox.store(bob, numbered(n));
  await mailbox.flush();
  const reader = mailbox.openInbox(bob, ignore);
  const old = await readAll(reader);
  full.use(new BrokenDatabase(path));
  mailbox.store(eve, numbered(4));
  reader.confirm(old.at(-1)!.sequence);
  await eventually("the commit has failed", () => mailbox.failure !== undefined);
  mailbox.store(eve, numbered(5));
  await mailbox[Symbol.asyncDispose]();
  await using reopened = await Mailbox.open(path, testSealer());
  assertEquals(await readNumbers(reopened.openInbox(bob, ignore)), range(4));
  assertEquals(await readNumbers(reopened.openInbox(eve, ignore)), [5]);
  assertObjectMatch({ ...reopened.totals }, { messages: 5, bytes: 200 });
});

Deno.test("a commit that is given up takes nothing out of the journal, whatever later ones write", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  using full = new DisposableStack();
  const mailbox = await openUntilLoss(path, full);
  for (const id of [bob, eve]) await mailbox.openInbox(id, ignore).next();
  for (const n of range(500)) for (const id of [bob, eve]) mailbox.store(id, numbered(n, 975)); // more than moves at once
  await mailbox.flush();
  full.use(new BrokenDatabase(path));
  mailbox.store(bob, numbered(500));
  await mailbox[Symbol.asyncDispose]();
  await using reopened = await Mailbox.open(path, testSealer());
  for (const id of [bob, eve]) assertEquals(await readNumbers(reopened.openInbox(id, ignore)), range(500));
});

Deno.test("a reader that waits for a failing removal hands out nothing, and ends when a newer one replaces it", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  await using mailbox = await Mailbox.open(path, testSealer());
  for (const n of range(2)) mailbox.store(bob, numbered(n));
  await mailbox.flush();
  const reader = mailbox.openInbox(bob, ignore);
  const old = await readAll(reader);
  let left: Promise<StoredMessage[]>;
  {
    using _full = new BrokenDatabase(path);
    reader.confirm(old[0]!.sequence);
    const nothing = mailbox.openInbox(bob, ignore).next();
    left = mailbox.openInbox(bob, ignore).next(); // the newest login wins
    assertEquals(await nothing, []);
  }
  assertEquals((await left).map(({ sequence }) => sequence), [2]);
});
