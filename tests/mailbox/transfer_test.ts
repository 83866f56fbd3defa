import { assert, assertEquals } from "@std/assert";
import type { Entry } from "../../src/mailbox/stored_entry.ts";
import { allEntries, EntryWriter } from "../../src/mailbox/transfer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { damageKeys, numberInKey } from "./damaged_keys.ts";
import { range } from "./messages.ts";

async function write(path: string, entries: readonly Entry[]): Promise<void> {
  using kv = await Deno.openKv(path);
  const writer = new EntryWriter(kv);
  for (const entry of entries) await writer.add(entry);
  await writer.flush();
}

/** All entries, and how often damage was found. */
async function read(path: string): Promise<{ entries: Entry[]; damaged: number }> {
  using kv = await Deno.openKv(path);
  let damaged = 0;
  const entries = await Array.fromAsync(allEntries(kv, () => damaged++));
  return { entries, damaged };
}

const numbersOf = (entries: readonly Entry[]) => entries.map(({ key }) => key.at(-1) as number);
const inbox = (count: number): Entry[] =>
  range(count, 1).map((n) => ({ key: ["inbox", new Uint8Array(32).fill(9), n], value: Uint8Array.of(n, n >> 8) }));

Deno.test("entries of any size are read as they were written, over several commits", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("all.kv");
  const entries: Entry[] = [
    { key: ["inbox", new Uint8Array(1000), 1], value: new Uint8Array(65_400).fill(7) },
    ...range(30, 2).map((n) => ({ key: ["inbox", new Uint8Array(1000), n], value: new Uint8Array(65_400).fill(n) })),
    { key: ["probe"], value: 1_700_000_000_000 },
    { key: ["totals"], value: new Uint8Array(0) },
  ];
  await write(path, entries);
  assertEquals(await read(path), { entries, damaged: 0 });
  assertEquals(await read(folder.file("none.kv")), { entries: [], damaged: 0 });
});

Deno.test("thousands of small entries are read in order", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("many.kv");
  await write(path, inbox(5000));
  assertEquals((await read(path)).entries, inbox(5000));
});

Deno.test("only damaged entries and those between them are lost", async () => {
  for (const damage of [[100], [1], [300], [100, 102], [1, 2, 300]]) {
    using folder = new TemporaryFolder();
    const path = folder.file("damaged.kv");
    await write(path, inbox(300));
    for (const n of damage) damageKeys(path, numberInKey(n), numberInKey(n).slice(0, -2)); // keeps its place in the order
    const { entries, damaged } = await read(path);
    assert(damaged > 0);
    const [first, last] = [Math.min(...damage), Math.max(...damage)];
    assertEquals(
      numbersOf(entries).sort((a, b) => a - b),
      range(300, 1).filter((n) => n < first || n > last),
      `${damage}`,
    );
  }
});

Deno.test("an entry whose key damage has changed is not transferred", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("changed.kv");
  await write(path, [...inbox(3), { key: ["probe", true as never], value: 1 }]);
  const { entries, damaged } = await read(path);
  assertEquals([numbersOf(entries), damaged], [[1, 2, 3], 1]);
});
