import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { clientIdToBase58 } from "../../src/mailbox/client_id.ts";
import { openDatabase } from "../../src/mailbox/database.ts";
import { KvLedgerTable } from "../../src/mailbox/kv_ledger_table.ts";
import { Ledger, type LedgerLimits, MAX_ANNOUNCED } from "../../src/mailbox/ledger.ts";
import type { LedgerEntry } from "../../src/mailbox/ledger_table.ts";
import { eventually } from "../support/eventually.ts";
import { testSealer } from "../support/sealer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { client, range } from "./messages.ts";

Deno.test("a client is registered once, and stays registered after a restart", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("ledger.kv");
  {
    using ledger = await Ledger.open(path, testSealer());
    assertEquals(ledger.has(client(1)), false);
    assertEquals(await ledger.add(client(1)), "new");
    assertEquals(await ledger.add(client(1)), "known");
    assertEquals(await ledger.add(client(2)), "new");
    assertEquals([ledger.has(client(1)), ledger.has(client(2)), ledger.has(client(3))], [true, true, false]);
  }
  using ledger = await Ledger.open(path, testSealer());
  assertEquals(ledger.size, 2);
  assertEquals([ledger.has(client(1)), ledger.has(client(2)), ledger.has(client(3))], [true, true, false]);
});

Deno.test("when one client is added several times at once, exactly one registration is new", async () => {
  using folder = new TemporaryFolder();
  using ledger = await Ledger.open(folder.file("ledger.kv"), testSealer());
  const added = await Promise.all(range(20).map(() => ledger.add(client(1))));
  assertEquals(added.filter((registration) => registration === "new").length, 1);
  assertEquals(ledger.size, 1);
});

Deno.test("all clients are announced in base58, in the same array until one is added", async () => {
  using folder = new TemporaryFolder();
  using ledger = await Ledger.open(folder.file("ledger.kv"), testSealer());
  const none = ledger.announced();
  assertStrictEquals(ledger.announced(), none);
  await ledger.add(client(1));
  const one = ledger.announced();
  assertEquals(one, [{ pubKey: clientIdToBase58(client(1)) }]);
  assertNotStrictEquals(one, none);
  assertStrictEquals(ledger.announced(), one);
});

const DAY = 86_400_000;

/** A ledger's file, a ledger that can be reopened, and a clock. */
class Rig implements AsyncDisposable {
  readonly #folder = new TemporaryFolder();
  readonly limits = { registeredClients: Infinity, unusedRegistrationTime: 30 * DAY } satisfies LedgerLimits;
  #now = 0;
  ledger!: Ledger;

  static async open(limits: Partial<LedgerLimits> = {}): Promise<Rig> {
    const rig = new Rig();
    Object.assign(rig.limits, limits);
    await rig.reopen();
    return rig;
  }

  /** Simulates a restart. */
  async reopen(): Promise<void> {
    if (this.ledger !== undefined) {
      await this.ledger.keepClock();
      this.ledger[Symbol.dispose]();
    }
    this.ledger = await Ledger.open(
      this.#folder.file("ledger.kv"),
      testSealer(),
      undefined,
      this.limits,
      () => this.#now,
    );
  }

  /** Lets `days` pass. */
  run(days: number): void {
    this.#now += days * DAY;
  }

  /** Which of clients 0 … 9 are registered. */
  get registered(): number[] {
    return range(10).filter((n) => this.ledger.has(client(n)));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.ledger[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
    return Promise.resolve();
  }
}

Deno.test("an unused registration expires, and that of a client that returned does not", async () => {
  await using rig = await Rig.open();
  for (const n of [1, 2, 3]) await rig.ledger.add(client(n));
  assertEquals(await rig.ledger.establish(client(2)), true);
  rig.run(29);
  await rig.reopen();
  assertEquals([await rig.ledger.removeUnused(), rig.registered], [0, [1, 2, 3]]);
  rig.ledger.isOnline = (id) => id === client(3);
  rig.run(2);
  assertEquals([await rig.ledger.removeUnused(), rig.registered], [1, [2, 3]]);
  rig.run(1000);
  await rig.reopen();
  assertEquals([await rig.ledger.removeUnused(), rig.registered], [1, [2]]);
  await rig.reopen();
  assertEquals(rig.registered, [2]);
  assertEquals(await rig.ledger.establish(client(1)), true); // its token is still valid
  rig.run(1000);
  assertEquals([await rig.ledger.removeUnused(), rig.registered], [0, [1, 2]]);
});

Deno.test("a client that returns while others are removed stays registered", async () => {
  await using rig = await Rig.open();
  const clients = range(101).map(client);
  for (const id of clients) await rig.ledger.add(id);
  rig.run(31);
  const removing = rig.ledger.removeUnused(); // the first hundred at once
  const last = clients.at(-1)!;
  assertEquals(await rig.ledger.establish(last), true);
  assertEquals([await removing, rig.ledger.has(last)], [100, true]);
});

Deno.test("the time of an unused registration starts when the client goes offline", async () => {
  await using rig = await Rig.open();
  await rig.ledger.add(client(1));
  rig.ledger.isOnline = () => true;
  for (let day = 0; day < 100; day += 2) {
    rig.run(2);
    assertEquals(await rig.ledger.removeUnused(), 0);
  }
  await rig.reopen();
  rig.run(25);
  assertEquals(await rig.ledger.removeUnused(), 0);
  rig.run(10);
  assertEquals(await rig.ledger.removeUnused(), 1);
});

Deno.test("with a time of 0 no registration expires", async () => {
  await using rig = await Rig.open({ unusedRegistrationTime: 0 });
  await rig.ledger.add(client(1));
  rig.run(10_000);
  assertEquals([await rig.ledger.removeUnused(), rig.registered], [0, [1]]);
});

Deno.test("a full ledger evicts the unused registration that was seen longest ago", async () => {
  await using rig = await Rig.open({ registeredClients: 3 });
  for (const n of [1, 2, 3]) await rig.ledger.add(client(n));
  rig.ledger.isOnline = (id) => id === client(1);
  await rig.ledger.establish(client(2));
  assertEquals([await rig.ledger.add(client(4)), rig.registered], ["new", [1, 2, 4]]);
  rig.ledger.isOnline = () => false;
  assertEquals([await rig.ledger.establish(client(5)), rig.registered], [true, [2, 4, 5]]);
  await rig.ledger.establish(client(4));
  assertEquals([await rig.ledger.add(client(6)), await rig.ledger.establish(client(7))], ["full", false]);
  assertEquals([await rig.ledger.add(client(2)), await rig.ledger.establish(client(2))], ["known", true]);
  await rig.reopen();
  assertEquals(rig.registered, [2, 4, 5]);
  assertEquals(await rig.ledger.add(client(6)), "full");
});

Deno.test("in a full ledger a client that has just gone offline is not taken for one that has been away", async () => {
  await using rig = await Rig.open({ registeredClients: 2 });
  for (const n of [1, 2]) await rig.ledger.add(client(n));
  rig.ledger.isOnline = (id) => id === client(1);
  rig.run(1);
  await rig.ledger.removeUnused();
  rig.ledger.isOnline = () => false;
  assertEquals([await rig.ledger.add(client(3)), rig.registered], ["new", [1, 3]]);
});

/** Counts the entries of each commit. */
class CountingTable extends KvLedgerTable {
  readonly commits: number[] = [];

  override async set(entries: readonly LedgerEntry[]): Promise<void> {
    await super.set(entries);
    this.commits.push(entries.length);
  }
}

Deno.test("clients that return are written together, soon after", async () => {
  using folder = new TemporaryFolder();
  const sealer = testSealer();
  const path = folder.file("ledger.kv");
  const limits = { registeredClients: 150, unusedRegistrationTime: 0 };
  {
    const table = new CountingTable(await openDatabase(path, sealer), sealer);
    using ledger = await Ledger.over(table, sealer, () => {}, limits);
    await Promise.all(range(150).map((n) => ledger.add(client(n))));
    table.commits.length = 0;
    for (const n of range(150)) assertEquals(await ledger.establish(client(n)), true);
    await eventually("they are written", () => table.commits.length === 2);
    assertEquals(table.commits, [100, 50]);
  }
  using ledger = await Ledger.open(path, sealer, () => {}, limits);
  assertEquals(await ledger.add(client(150)), "full"); // as all have returned, none is evicted
});

Deno.test("a client that returns is not evicted at the same moment", async () => {
  await using rig = await Rig.open({ registeredClients: 1 });
  await rig.ledger.add(client(1));
  const [returned, added] = await Promise.all([rig.ledger.establish(client(1)), rig.ledger.add(client(2))]);
  assertEquals([returned, added, rig.registered], [true, "full", [1]]);
});

Deno.test("clients that register at the same time do not exceed the limit", async () => {
  await using rig = await Rig.open({ registeredClients: 5 });
  const all = await Promise.all(range(50).map((n) => rig.ledger.add(client(n))));
  assert(all.every((registration) => registration !== "known"));
  assertEquals(rig.ledger.size <= 5, true);
  await rig.reopen();
  assertEquals(rig.ledger.size <= 5, true);
});

Deno.test("the clients that registered first are announced, up to a bounded number", async () => {
  await using rig = await Rig.open();
  for (const n of range(MAX_ANNOUNCED + 20)) await rig.ledger.add(client(n));
  const announced = rig.ledger.announced();
  assertEquals(announced.length, MAX_ANNOUNCED);
  assertEquals(announced[7], { pubKey: clientIdToBase58(client(7)) });
  await rig.ledger.add(client(5000));
  assertStrictEquals(rig.ledger.announced(), announced);
  for (const n of range(MAX_ANNOUNCED + 20)) if (n % 2 === 0) await rig.ledger.establish(client(n));
  rig.run(31);
  await rig.ledger.removeUnused();
  assertEquals(rig.ledger.announced().length, (MAX_ANNOUNCED + 20) / 2);
  assertEquals(rig.ledger.announced().some(({ pubKey }) => pubKey === clientIdToBase58(client(7))), false);
});
