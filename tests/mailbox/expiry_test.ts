import { assert, assertEquals } from "@std/assert";
import { NO_LIMITS } from "../../src/mailbox/limits.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { Counters } from "../../src/counting/counters.ts";
import { VirtualTime } from "../model/virtual_time.ts";
import { testSealer } from "../support/sealer.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { client, numbered, range, readAll, readNumbers } from "./messages.ts";
import { damage, keysOnDisk } from "./on_disk.ts";

const ignore = () => {};
const bob = client(1);
const MINUTE = 60_000;
/** in ms; there is a walk every minute */
const SPELL = 10 * MINUTE;

/** A mailbox that keeps messages for ten spells, in virtual time. */
class Keeper {
  readonly counters = new Counters();
  readonly #folder = new TemporaryFolder();
  readonly path = this.#folder.file("mailbox.kv");
  readonly time = new VirtualTime();
  mailbox!: Mailbox;

  static async start(): Promise<Keeper> {
    const keeper = new Keeper();
    await keeper.open();
    return keeper;
  }

  async open(): Promise<void> {
    const sync = () => Promise.resolve();
    const limits = { ...NO_LIMITS, timeToLive: 10 * SPELL };
    this.mailbox = await Mailbox.open(this.path, testSealer(), this.counters.add, ignore, sync, limits);
  }

  async reopen(): Promise<void> {
    await this.mailbox[Symbol.asyncDispose]();
    await this.open();
  }

  async store(...numbers: number[]): Promise<void> {
    for (const n of numbers) this.mailbox.store(bob, numbered(n));
    await this.mailbox.flush();
  }

  async pass(ms: number): Promise<void> {
    await this.time.advance(ms, () => this.mailbox.flush());
  }

  async numbers(): Promise<number[]> {
    return await readNumbers(this.mailbox.openInbox(bob, ignore));
  }

  get expired(): number {
    return this.counters.get("messages_expired");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mailbox[Symbol.asyncDispose]();
    this.time[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }
}

Deno.test("expired messages leave the disk, and younger ones stay", async () => {
  await using keeper = await Keeper.start();
  await keeper.store(...range(5));
  await keeper.pass(6 * SPELL);
  await keeper.store(...range(5, 5));
  await keeper.pass(3 * SPELL);
  assertEquals([keeper.expired, keeper.mailbox.totals.messages], [0, 10]);
  assert(Math.abs(keeper.mailbox.oldestAge - 9 * SPELL) < 2 * MINUTE, `${keeper.mailbox.oldestAge} ms`);
  await keeper.pass(2 * SPELL);
  assertEquals([keeper.expired, keeper.mailbox.totals.messages], [5, 5]);
  assertEquals(await keeper.numbers(), range(5, 5));
  await keeper.pass(6 * SPELL);
  assertEquals([keeper.expired, keeper.mailbox.totals.messages, keeper.mailbox.totals.bytes], [10, 0, 0]);
  assertEquals(await keeper.numbers(), []);
  assertEquals(keeper.mailbox.oldestAge, 0);
});

Deno.test("the time before a restart counts, and the time while the gateway is down does not", async () => {
  await using keeper = await Keeper.start();
  await keeper.store(0);
  for (const _ of range(4)) {
    await keeper.pass(2 * SPELL);
    await keeper.reopen();
  }
  assertEquals(keeper.expired, 0);
  keeper.time.setWallClockForward(1_000_000 * SPELL);
  await keeper.reopen();
  await keeper.pass(SPELL);
  assertEquals([keeper.expired, await keeper.numbers()], [0, [0]]);
  await keeper.pass(2 * SPELL);
  assertEquals(keeper.expired, 1);
});

Deno.test("expired messages are not handed out, and confirming them later does not subtract them again", async () => {
  await using keeper = await Keeper.start();
  await keeper.store(...range(3));
  const reader = keeper.mailbox.openInbox(bob, ignore);
  const handedOut = await readAll(reader);
  await keeper.store(3); // in the reader's tail
  await keeper.pass(11 * SPELL);
  await keeper.store(4);
  assertEquals(keeper.expired, 4);
  reader.confirm(handedOut[1]!.sequence);
  assertEquals(await readNumbers(reader), [4]);
  reader.confirm(5);
  await keeper.mailbox.flush();
  assertEquals([keeper.mailbox.totals.messages, keeper.mailbox.totals.bytes], [0, 0]);
  assertEquals(await keysOnDisk(keeper.path, ["inbox"]), []);
});

Deno.test("only the unconfirmed part of a chunk expires, and its mark is removed with it", async () => {
  await using keeper = await Keeper.start();
  await keeper.store(...range(5));
  const reader = keeper.mailbox.openInbox(bob, ignore);
  reader.confirm((await readAll(reader))[1]!.sequence);
  reader.close();
  await keeper.pass(11 * SPELL);
  assertEquals([keeper.expired, keeper.mailbox.totals.messages], [3, 0]);
  assertEquals(await keysOnDisk(keeper.path, ["inbox"]), []);
});

Deno.test("thousands of chunks in hundreds of inboxes expire, a few at a time between commits", async () => {
  await using keeper = await Keeper.start();
  for (const round of range(10)) {
    for (const n of range(300)) {
      keeper.mailbox.store(client(n), numbered(round));
      if (n % 15 === 14) await keeper.mailbox.flush(); // a chunk for each message
    }
  }
  await keeper.pass(9 * SPELL);
  for (const n of range(300)) keeper.mailbox.store(client(n), numbered(10));
  await keeper.pass(2 * SPELL);
  assertEquals([keeper.expired, keeper.mailbox.totals.messages], [3000, 300]);
  for (const n of range(300, 0)) assertEquals(await readNumbers(keeper.mailbox.openInbox(client(n), ignore)), [10]);
});

Deno.test("a mark left alone in an inbox confirms no message stored after damage to the totals", async () => {
  using _silence = new Silence();
  await using keeper = await Keeper.start();
  await keeper.store(...range(5));
  const reader = keeper.mailbox.openInbox(bob, ignore);
  reader.confirm((await readAll(reader))[1]!.sequence);
  await keeper.pass(11 * SPELL); // the reader has not removed the mark yet
  assertEquals([keeper.expired, keeper.mailbox.totals.messages], [3, 0]);
  await damage(keeper.path, ["totals"], (totals) => totals.fill(0));
  await keeper.reopen();
  await keeper.store(5, 6);
  assertEquals(await keeper.numbers(), [5, 6]);
});

Deno.test("the age of the oldest message is known before a walk, and starts again once all are gone", async () => {
  await using keeper = await Keeper.start();
  await keeper.pass(5 * MINUTE);
  await keeper.store(1);
  await keeper.pass(20_000);
  assertEquals(Math.round(keeper.mailbox.oldestAge / 1000), 20);
  await keeper.store(2);
  await keeper.pass(20_000);
  assertEquals(Math.round(keeper.mailbox.oldestAge / 1000), 40);
  await keeper.pass(11 * SPELL);
  await keeper.store(3);
  await keeper.pass(1000);
  assertEquals(Math.round(keeper.mailbox.oldestAge / 1000), 1);
});
