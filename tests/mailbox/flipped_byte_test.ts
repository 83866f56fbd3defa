import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import { Ledger } from "../../src/mailbox/ledger.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { bytesOfPseudonym } from "../../src/mailbox/pseudonym.ts";
import { Counters } from "../../src/counting/counters.ts";
import { testSealer } from "../support/sealer.ts";
import { eventually } from "../support/eventually.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { damageKeys, damageKindOfValue, numberInKey, textInKey } from "./damaged_keys.ts";
import { client, numbered, range, readAll, readNumbers } from "./messages.ts";
import { damage, keyOf, onDisk } from "./on_disk.ts";

const CHUNKS = 20;
const CHUNK_MESSAGES = 5;
const bob = client(1);

/** Fills bob's inbox; resolves with the stored values of its chunks. */
async function fill(path: string): Promise<Uint8Array[]> {
  await using mailbox = await Mailbox.open(path, testSealer());
  for (const chunk of range(CHUNKS)) {
    for (const n of range(CHUNK_MESSAGES, chunk * CHUNK_MESSAGES)) mailbox.store(bob, numbered(n));
    await mailbox.flush();
  }
  const keys = range(CHUNKS, 1).map((chunk) => keyOf(bob, chunk * CHUNK_MESSAGES));
  return await onDisk(path, (kv) => Promise.all(keys.map(async (key) => (await kv.get<Uint8Array>(key)).value!)));
}

/** Flips a bit of byte `at` of `value` in the file, in every copy that SQLite has left there. */
function flip(path: string, value: Uint8Array, at: number): void {
  const latin1 = new TextDecoder("latin1");
  const file = Deno.readFileSync(path);
  const [text, pattern] = [latin1.decode(file), latin1.decode(value)];
  const first = text.indexOf(pattern);
  assert(first >= 0);
  for (let start = first; start >= 0; start = text.indexOf(pattern, start + 1)) file[start + at]! ^= 1 << at % 8;
  Deno.writeFileSync(path, file);
}

Deno.test("flipped bytes are detected and counted, their chunks skipped, and the rest delivered", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const values = await fill(path);
  const damaged = [0, 7, 8, CHUNKS - 1];
  for (const [i, chunk] of damaged.entries()) flip(path, values[chunk]!, i * values[chunk]!.length / 4 | 0);

  const counters = new Counters();
  await using mailbox = await Mailbox.open(path, testSealer(), counters.add);
  const whole = range(CHUNKS).filter((chunk) => !damaged.includes(chunk));
  assertEquals(
    await readNumbers(mailbox.openInbox(bob, () => {})),
    whole.flatMap((chunk) => range(CHUNK_MESSAGES, chunk * CHUNK_MESSAGES)),
  );
  assertEquals(counters.get("stored_values_damaged"), damaged.length);
});

const DAMAGED_TOTALS: [what: string, damage: (path: string) => unknown][] = [
  ["a damaged value", (path) => damage(path, ["totals"], (value) => value[30]! ^= 1)],
  ["a damaged key", (path) => damageKeys(path, textInKey("totals"), textInKey("totalr"))],
  ["an unknown encoding", (path) => damageKindOfValue(path, textInKey("totals"), 7)],
  ["another encoding", (path) => damageKindOfValue(path, textInKey("totals"), 1)],
];
for (const [what, damage] of DAMAGED_TOTALS) {
  Deno.test(`totals with ${what} are recounted`, async () => {
    using _silence = new Silence();
    using folder = new TemporaryFolder();
    const path = folder.file("mailbox.kv");
    await fill(path);
    await damage(path);
    const messages = CHUNKS * CHUNK_MESSAGES;
    await using mailbox = await Mailbox.open(path, testSealer());
    assertObjectMatch({ ...mailbox.totals }, { sequence: messages, messages, bytes: messages * 40 });
    mailbox.store(bob, numbered(messages));
    await mailbox.flush();
    assertEquals(await readNumbers(mailbox.openInbox(bob, () => {})), range(messages + 1));
  });
}

Deno.test("damaged totals are recounted without the entries that have damaged keys", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  await fill(path);
  {
    using kv = await Deno.openKv(path);
    await kv.set(["totals"], new Uint8Array(72));
  }
  damageKeys(path, numberInKey(25), numberInKey(25).slice(0, -2));
  const messages = (CHUNKS - 1) * CHUNK_MESSAGES;
  await using mailbox = await Mailbox.open(path, testSealer());
  assertObjectMatch({ ...mailbox.totals }, { sequence: CHUNKS * CHUNK_MESSAGES, messages, bytes: messages * 40 });
});

Deno.test("damaged messages leave the totals with the walk after the next start", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const values = await fill(path);
  flip(path, values[7]!, 50);
  damageKeys(path, numberInKey(25), numberInKey(25).slice(0, -2));
  await using mailbox = await Mailbox.open(path, testSealer());
  mailbox.store(bob, numbered(CHUNKS * CHUNK_MESSAGES));
  await eventually("the walk has ended", () => !mailbox.isCounting);
  await mailbox.flush();
  const messages = (CHUNKS - 2) * CHUNK_MESSAGES + 1;
  assertObjectMatch({ ...mailbox.totals }, { messages, bytes: messages * 40 });
  const reader = mailbox.openInbox(bob, () => {});
  reader.confirm((await readAll(reader)).at(-1)!.sequence);
  await mailbox.flush();
  assertObjectMatch({ ...mailbox.totals }, { messages: 0, bytes: 0 });
});

Deno.test("a damaged ledger entry is counted, and the other clients are loaded", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("ledger.kv");
  const sealer = testSealer();
  {
    using ledger = await Ledger.open(path, sealer);
    for (const n of range(3)) await ledger.add(client(n));
  }
  {
    using kv = await Deno.openKv(path);
    await kv.set(["client", bytesOfPseudonym(sealer.pseudonym(client(1)))], new Uint8Array(80));
  }
  const counters = new Counters();
  using ledger = await Ledger.open(path, testSealer(), counters.add);
  assertEquals(range(3).map((n) => ledger.has(client(n))), [true, false, true]);
  assertEquals(counters.get("ledger_entries_damaged"), 1);
});

const BITS_OF_KEYS: [what: string, damaged: string][] = [
  ["a damaged type", numberInKey(25).replace(/^21/, "22")],
  ["a damaged size", numberInKey(1e200)],
  ["a fraction", numberInKey(25.5)],
  ["a number in the chunk before it", numberInKey(18)],
  ["a number in the chunk after it", numberInKey(28)],
];
Deno.test("a value with a damaged encoding costs its own chunk, but breaks neither logins nor walks", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  await fill(path);
  damageKindOfValue(path, numberInKey(25), 7);
  const counters = new Counters();
  await using mailbox = await Mailbox.open(path, testSealer(), counters.add);
  assertEquals(await readNumbers(mailbox.openInbox(bob, () => {})), [...range(20), ...range(75, 25)]);
  assert(counters.get("stored_values_damaged") > 0);
  await eventually("the walk has ended", () => !mailbox.isCounting);
});

for (const [what, damaged] of BITS_OF_KEYS) {
  Deno.test(`a key with ${what} costs its own chunk, and later messages are delivered`, async () => {
    using _silence = new Silence();
    using folder = new TemporaryFolder();
    const path = folder.file("mailbox.kv");
    await fill(path);
    damageKeys(path, numberInKey(25), damaged);
    const counters = new Counters();
    await using mailbox = await Mailbox.open(path, testSealer(), counters.add);
    const reader = mailbox.openInbox(bob, () => {});
    assertEquals(await readNumbers(reader), [...range(20), ...range(75, 25)]);
    assert(counters.get("stored_values_damaged") > 0);
    mailbox.store(bob, numbered(100));
    await mailbox.flush();
    assertEquals(await readNumbers(reader), [100]);
  });
}

Deno.test("a ledger whose clock and check of the storage key have damaged encodings loads its clients", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("ledger.kv");
  {
    using ledger = await Ledger.open(path, testSealer());
    await ledger.add(client(1));
    await ledger.keepClock();
  }
  damageKindOfValue(path, textInKey("clock"), 7);
  damageKindOfValue(path, textInKey("storage_key") + numberInKey(0), 1);
  using ledger = await Ledger.open(path, testSealer());
  assert(ledger.has(client(1)));
});

Deno.test("a ledger with a damaged key loads all other clients", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("ledger.kv");
  const sealer = testSealer();
  {
    using ledger = await Ledger.open(path, sealer);
    for (const n of range(5)) await ledger.add(client(n));
  }
  // The type of the pseudonym that sorts in the middle.
  const middle = range(5).map((n) => sealer.pseudonym(client(n)).toUpperCase()).sort()[2]!;
  damageKeys(path, `01${middle.slice(0, 6)}`, `99${middle.slice(0, 6)}`);
  using ledger = await Ledger.open(path, testSealer());
  assertEquals(range(5).filter((n) => ledger.has(client(n))).length, 4);
});
