import { assertEquals, assertLess } from "@std/assert";
import { entriesOf } from "../../src/mailbox/entries.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { damageKeys, damageKindOfValue, numberInKey } from "./damaged_keys.ts";
import { range } from "./messages.ts";

const INBOXES = 40;
const CHUNKS = 100;
const pseudonym = (n: number) => new Uint8Array(32).fill(n);

/** Fills a database with entries numbered from 1, 100 in each inbox. */
async function fill(path: string): Promise<void> {
  using kv = await Deno.openKv(path);
  for (const inbox of range(INBOXES)) {
    const atomic = kv.atomic();
    for (const n of range(CHUNKS, 1 + CHUNKS * inbox)) atomic.set(["inbox", pseudonym(inbox), n], Uint8Array.of(inbox));
    await atomic.commit();
  }
}

/** The numbers read from a range, how often damage was found, and how many reads and entries that took. */
async function read(path: string, prefix: Deno.KvKey, limit: number) {
  using kv = await Deno.openKv(path);
  let [reads, given, damaged] = [0, 0, 0];
  const watched = {
    list: (...of: Parameters<typeof kv.list<Uint8Array>>) => {
      reads++;
      const list = kv.list<Uint8Array>(...of);
      const counted = async function* () {
        for await (const entry of list) {
          given++;
          yield entry;
        }
      };
      return counted();
    },
  } as unknown as Deno.Kv;
  const entries = await Array.fromAsync(entriesOf(watched, { prefix }, limit, () => damaged++));
  return { numbers: entries.map(({ key }) => key[2]), damaged, reads, given };
}

const DAMAGE: [what: string, damage: (path: string, n: number) => void][] = [
  ["a damaged type of its number", (path, n) => damageKeys(path, numberInKey(n), numberInKey(n).replace(/^21/, "22"))],
  ["a damaged end of its key", (path, n) => damageKeys(path, numberInKey(n), numberInKey(n).slice(0, -2))],
  ["a damaged encoding of its value", (path, n) => damageKindOfValue(path, numberInKey(n), n % 2 === 0 ? 1 : 7)],
];

for (const [what, damage] of DAMAGE) {
  Deno.test(`an entry with ${what} is lost alone, and the number of reads is bounded however many entries follow`, async () => {
    for (const n of [1, 2, 150, 200, CHUNKS * INBOXES]) {
      using folder = new TemporaryFolder();
      const path = folder.file("damaged.kv");
      await fill(path);
      damage(path, n);
      const whole = range(CHUNKS * INBOXES, 1).filter((each) => each !== n);
      const all = await read(path, ["inbox"], 2 ** 32 - 1);
      assertEquals(all.numbers, whole, `${n}`);
      assertEquals(all.damaged, 1);
      const inbox = Math.floor((n - 1) / CHUNKS);
      const ofInbox = await read(path, ["inbox", pseudonym(inbox)], 2 ** 32 - 1);
      assertEquals(ofInbox.numbers, range(CHUNKS, 1 + CHUNKS * inbox).filter((each) => each !== n));
      const some = await read(path, ["inbox"], 250);
      assertEquals(some.numbers, whole.slice(0, 250));
      assertLess(some.reads, 400);
      assertLess(some.given, 1000);
    }
  });
}

Deno.test("with several damaged entries, all entries before and after them are read", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("damaged.kv");
  await fill(path);
  const damaged = [150, 151, 155, 360];
  for (const n of damaged) damageKeys(path, numberInKey(n), numberInKey(n).slice(0, -2));
  const { numbers } = await read(path, ["inbox"], 2 ** 32 - 1);
  const certain = range(CHUNKS * INBOXES, 1).filter((n) => n < 150 || n > 360);
  assertEquals(numbers.filter((n) => certain.includes(n as number)), certain);
  assertEquals(numbers, numbers.toSorted((a, b) => (a as number) - (b as number)));
  assertEquals(numbers.filter((n) => damaged.includes(n as number)), []);
});
