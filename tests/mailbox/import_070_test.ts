import { assertEquals } from "@std/assert";
import { Counters } from "../../src/counting/counters.ts";
import { clientIdFromBase58 } from "../../src/mailbox/client_id.ts";
import { sealedFiles } from "../../src/mailbox/database_files.ts";
import { importInboxes, ledgerFile } from "../../src/mailbox/import_070.ts";
import { Ledger } from "../../src/mailbox/ledger.ts";
import { NO_LIMITS } from "../../src/mailbox/limits.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { unpackHome070 } from "../config/home_070.ts";
import { canMount, SmallDisk } from "../faults/small_disk.ts";
import { BrokenDatabase } from "../support/broken_database.ts";
import { testSealer } from "../support/sealer.ts";
import { eventually } from "../support/eventually.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { numbered, numberOf, readAll } from "./messages.ts";

const ignore = () => {};
const CLIENTS = [
  { address: "63v4AciABNh3af7zMUkTt3PKe1a8Jo5J47t9xDHSgBBn", messages: 5 },
  { address: "CwJgwEDwZc1GvE1eLEzmepMgmcTDycv7GqmyDtVe1Tfq", messages: 4 },
  { address: "9NpVp79y7tortzvxAmPu8WvMdrkDgrJb7xmh3q1JFbV4", messages: 0 },
];

/** The home of a 0.7.0 gateway, and the databases that import it. */
class TakenOverHome {
  readonly #folder = new TemporaryFolder();
  readonly data = this.#folder.file(".nym/gateways/supergateway/data");
  readonly inboxes = `${this.data}/inboxes`;
  readonly mailboxPath = this.#folder.file("mailbox.kv");
  readonly counters = new Counters();
  mailbox!: Mailbox;
  ledger!: Ledger;

  static async unpack(): Promise<TakenOverHome> {
    const home = new TakenOverHome();
    await unpackHome070(home.#folder.path);
    for (const { address } of CLIENTS) await Deno.mkdir(`${home.inboxes}/${address}`, { recursive: true });
    home.mailbox = await Mailbox.open(home.mailboxPath, testSealer(), home.counters.add);
    home.ledger = await Ledger.open(home.#folder.file("ledger.kv"), testSealer());
    return home;
  }

  /** Imports the inboxes, into the home's own mailbox unless told otherwise. */
  import(mailbox = this.mailbox): Promise<number> {
    return importInboxes(this.inboxes, mailbox, this.ledger, () => this.counters.get("messages_stored"));
  }

  /** Name and contents of each inbox file, sorted by name. */
  async files(address: string): Promise<[string, string][]> {
    const files: [string, string][] = [];
    for await (const { name } of Deno.readDir(`${this.inboxes}/${address}`)) {
      files.push([name, (await Deno.readFile(`${this.inboxes}/${address}/${name}`)).toHex()]);
    }
    return files.sort(([a], [b]) => a < b ? -1 : 1);
  }

  async stored(address: string): Promise<string[]> {
    const messages = await readAll(this.mailbox.openInbox(clientIdFromBase58(address)!, () => {}));
    return messages.map(({ message }) => message.toHex());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mailbox[Symbol.asyncDispose]();
    this.ledger[Symbol.dispose]();
    this.#folder[Symbol.dispose]();
  }
}

Deno.test("importing 0.7.0 inboxes stores messages by time, adds clients to the ledger and removes the files", async () => {
  using _silence = new Silence();
  await using home = await TakenOverHome.unpack();
  const expected = new Map<string, string[]>();
  for (const { address } of CLIENTS) {
    const files = (await home.files(address)).toReversed(); // so that times and names are in opposite order
    for (const [i, [name]] of files.entries()) {
      await Deno.utime(`${home.inboxes}/${address}/${name}`, 1_600_000_000 + i, 1_600_000_000 + i);
    }
    expected.set(address, files.map(([_, contents]) => contents));
  }
  assertEquals(await home.import(), 9);
  for (const { address, messages } of CLIENTS) {
    assertEquals((await home.stored(address)).length, messages);
    assertEquals(await home.stored(address), expected.get(address));
    assertEquals(home.ledger.has(clientIdFromBase58(address)!), true);
  }
  assertEquals(await Array.fromAsync(Deno.readDir(home.inboxes)), []);
  assertEquals(home.ledger.size, 3);
  assertEquals(await home.import(), 0);
  assertEquals(home.mailbox.totals.messages, 9);
});

Deno.test("files with the same time are imported in the order of their names", async () => {
  using _silence = new Silence();
  await using home = await TakenOverHome.unpack();
  const [{ address }] = CLIENTS as [typeof CLIENTS[number]];
  const files = await home.files(address);
  for (const [name] of files) await Deno.utime(`${home.inboxes}/${address}/${name}`, 1_600_000_000, 1_600_000_000);
  await home.import();
  assertEquals(await home.stored(address), files.map(([_, contents]) => contents));
});

Deno.test("an import interrupted between the commit and the removal continues: messages may be duplicated, not lost", async () => {
  using _silence = new Silence();
  await using home = await TakenOverHome.unpack();
  const [{ address }] = CLIENTS as [typeof CLIENTS[number]];
  const files = await home.files(address);
  // After the first attempt messages are committed, and their files still exist.
  for (const [_, contents] of files) {
    home.mailbox.store(clientIdFromBase58(address)!, Uint8Array.fromHex(contents));
  }
  await home.mailbox.flush();
  assertEquals(await home.import(), 9);
  const stored = await home.stored(address);
  assertEquals(stored.length, 10);
  assertEquals(new Set(stored), new Set(files.map(([_, contents]) => contents)));
});

Deno.test("no file is removed before its message is on the disk", async () => {
  using _silence = new Silence();
  await using home = await TakenOverHome.unpack();
  const [{ address }] = CLIENTS as [typeof CLIENTS[number]];
  const files = await home.files(address);
  let importing: Promise<number>;
  {
    using _full = new BrokenDatabase(home.mailboxPath);
    importing = home.import();
    await eventually("their commit has failed", () => home.mailbox.failure !== undefined);
    assertEquals(await home.files(address), files);
  }
  assertEquals(await importing, 9);
});

Deno.test("no file is removed when the commit of its message is given up", async () => {
  using _silence = new Silence();
  await using home = await TakenOverHome.unpack();
  const before = await Promise.all(CLIENTS.map(({ address }) => home.files(address)));
  {
    using _full = new BrokenDatabase(home.mailboxPath);
    const importing = home.import();
    await eventually("their commit has failed", () => home.mailbox.failure !== undefined);
    home.mailbox.endRetries(0);
    assertEquals(await importing, 0);
  }
  assertEquals(home.counters.get("messages_lost"), 9);
  assertEquals(await Promise.all(CLIENTS.slice(0, 2).map(({ address }) => home.files(address))), before.slice(0, 2));
});

Deno.test({
  name: `an inbox whose files cannot be removed is not imported until they can${
    canMount ? "" : " (skipped: this user may not mount)"
  }`,
  ignore: !canMount,
  fn: async () => {
    using _silence = new Silence();
    await using home = await TakenOverHome.unpack();
    const [{ address, messages }] = CLIENTS as [typeof CLIENTS[number]];
    await using disk = await SmallDisk.mount(`${home.inboxes}/${address}`, 1);
    const files = await home.files(address);
    await disk.makeReadOnly();
    assertEquals([await home.import(), await home.import()], [9 - messages, 0]);
    assertEquals(await home.stored(address), []);
    await disk.makeWritable();
    assertEquals(await home.files(address), files);
    assertEquals([await home.import(), await home.import()], [messages, 0]);
    assertEquals((await home.stored(address)).sort(), files.map(([_, contents]) => contents).sort());
  },
});

Deno.test("files that cannot be messages and folders that are not a client's stay", async () => {
  using _silence = new Silence();
  await using home = await TakenOverHome.unpack();
  const [{ address }] = CLIENTS as [typeof CLIENTS[number]];
  await Deno.writeFile(`${home.inboxes}/${address}/too long`, new Uint8Array(976));
  await Deno.mkdir(`${home.inboxes}/not a client`);
  await Deno.writeTextFile(`${home.inboxes}/a file`, "");
  assertEquals(await home.import(), 9);
  assertEquals((await home.files(address)).map(([name]) => name), ["too long"]);
  const left = await Array.fromAsync(Deno.readDir(home.inboxes));
  assertEquals(left.map(({ name }) => name).sort(), [address, "a file", "not a client"]);
});

Deno.test("the new ledger is stored beside the sled folder of 0.7.0, which stays unchanged", async () => {
  using _silence = new Silence();
  await using home = await TakenOverHome.unpack();
  const sled = `${home.data}/client_ledger.sled`;
  const before = (await Array.fromAsync(Deno.readDir(sled))).length;
  const file = await ledgerFile(sled);
  assertEquals(file, `${home.data}/client_ledger.kv`);
  (await Ledger.open(file, testSealer()))[Symbol.dispose]();
  assertEquals((await Array.fromAsync(Deno.readDir(sled))).length, before);
  assertEquals(await ledgerFile(`${home.data}/ours.kv`), `${home.data}/ours.kv`);
  const unusual = `${home.data}/ledger`; // a folder too
  Deno.mkdirSync(unusual);
  for (const ledgerPath of [sled, unusual]) {
    const [, ledger] = sealedFiles({ inboxesDirectory: home.data, ledgerPath });
    assertEquals(ledger, await ledgerFile(ledgerPath), "what is sealed is what is opened");
  }
});

Deno.test("a message that does not fit also holds back later ones, which are imported in order at later starts", async () => {
  using _silence = new Silence();
  await using home = await TakenOverHome.unpack();
  const [{ address }] = CLIENTS as [typeof CLIENTS[number]];
  const inbox = `${home.inboxes}/${address}`;
  for (const [name] of await home.files(address)) await Deno.remove(`${inbox}/${name}`);
  const sizes = [900, 800, 10];
  for (const [i, size] of sizes.entries()) {
    await Deno.writeFile(`${inbox}/${i}`, numbered(i, size));
    await Deno.utime(`${inbox}/${i}`, 1_600_000_000 + i, 1_600_000_000 + i);
  }
  const limits = { ...NO_LIMITS, inboxBytes: 1000 };
  const sync = () => Promise.resolve();
  await using mailbox = await Mailbox.open(
    home.mailboxPath + "2",
    testSealer(),
    home.counters.add,
    ignore,
    sync,
    limits,
  );
  const reader = mailbox.openInbox(clientIdFromBase58(address)!, ignore);
  const read: number[] = [];
  for (const _ of sizes) {
    await home.import(mailbox);
    const messages = await readAll(reader);
    read.push(...messages.map(({ message }) => numberOf(message)));
    reader.confirm(messages.at(-1)?.sequence ?? 0);
    await mailbox.flush();
  }
  assertEquals(read, [0, 1, 2]);
});
