import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ArchiveError } from "../../src/archive/archive_error.ts";
import { encodeItem, type Item, MAX_FILE_SIZE } from "../../src/archive/contents.ts";
import { decodeEntry, encodeEntry } from "../../src/archive/entry.ts";
import { encodeRecord } from "../../src/archive/records.ts";
import { concat, ITEMS, itemsOf, sealed, sealedItems } from "./sealed.ts";

function refusal(...items: readonly Item[]): string {
  return assertThrows(() => itemsOf(sealedItems(items)), ArchiveError).message;
}

const without = (index: number) => ITEMS.toSpliced(index, 1);
const indexOf = (name: string) => ITEMS.findIndex((item) => "name" in item && item.name === name);

Deno.test("the items of an archive come back, in order", () => {
  assertEquals(itemsOf(sealedItems(ITEMS)), ITEMS);
});

Deno.test("entries of any key and value come back, also the largest over the bounds of segments", () => {
  const part = fc.oneof(fc.uint8Array({ maxLength: 70_000, size: "max" }), fc.string(), fc.double());
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), part, (key, value) => {
      const entry = { key, value };
      assertEquals(decodeEntry(encodeEntry(entry)), entry);
    }),
    { numRuns: 50 },
  );
  const large: Item = {
    kind: "entry",
    entry: { key: ["inbox", new Uint8Array(32), 1], value: new Uint8Array(65_536) },
  };
  const items = [...ITEMS.slice(0, -1), ...Array<Item>(5).fill(large), totals(7)];
  assertEquals(itemsOf(sealedItems(items)).length, items.length);
});

Deno.test("an entry that is torn is refused", () => {
  const entry = encodeEntry({ key: ["inbox", Uint8Array.of(1, 2), 5], value: Uint8Array.of(9) });
  for (let size = 0; size < entry.length; size++) {
    // Between parts there is another entry: the sealing is what finds that.
    try {
      assert(decodeEntry(entry.subarray(0, size)).key.length < 3);
    } catch (error) {
      assert(error instanceof ArchiveError, `${error}`);
    }
  }
  assertThrows(() => encodeEntry({ key: ["a"], value: true as never }), TypeError, "unknown type: boolean");
});

Deno.test("what is missing, doubled or in the wrong place is refused by name", () => {
  assertEquals(refusal(), "its contents have no end");
  assertEquals(refusal(...without(0)), "in its contents, file follows nothing");
  assertEquals(refusal(...ITEMS.slice(0, -1)), "its contents have no end");
  assertEquals(refusal(ITEMS[0]!, ...ITEMS), "in its contents, manifest follows manifest");
  assertEquals(refusal(...ITEMS, ITEMS[1]!), "in its contents, file follows totals");
  assertEquals(refusal(ITEMS[0]!, ITEMS[2]!), "in its contents, piece follows manifest");
  assertEquals(refusal(...ITEMS.slice(0, 3), ITEMS[12]!), "in its contents, entry follows piece");
  assertEquals(refusal(...ITEMS.toSpliced(4, 0, ITEMS[1]!)), "config.toml is in it twice");
  assertEquals(refusal(...ITEMS.toSpliced(indexOf("storage_key.pem"), 2)), "storage_key.pem is not in it");
  assertEquals(refusal(...ITEMS.toSpliced(indexOf("mailbox"), 2)), "mailbox is not in it");
  assertEquals(refusal(...ITEMS.slice(0, -1), totals(3)), "it has 2 entries in place of 3");
});

Deno.test("names that are none of a gateway's files are refused, those of other folders above all", () => {
  for (
    const name of [
      "../config.toml",
      "/etc/passwd",
      "replay/../../x.tags",
      "replay/1.tags",
      "",
      "replay/0000000001.tags\n",
    ]
  ) {
    assertEquals(refusal(ITEMS[0]!, { kind: "file", name }), "it has a file of a name that no file of a gateway has");
  }
  assertEquals(
    refusal(ITEMS[0]!, { kind: "database", name: "../mailbox" as "mailbox" }),
    "it has a database of a name that no database of a gateway has",
  );
});

Deno.test("configuration and keys have a bound, tags have none", () => {
  const pieces = Array<Item>(MAX_FILE_SIZE / 65_536).fill({ kind: "piece", bytes: new Uint8Array(65_536) });
  const one: Item = { kind: "piece", bytes: new Uint8Array(1) };
  assertEquals(refusal(...ITEMS.slice(0, 2), ...pieces, one), "a file in it is too long");
  const tags = indexOf("replay/0000000007.tags");
  assertEquals(
    itemsOf(sealedItems(ITEMS.toSpliced(tags + 1, 0, ...pieces, one))).length,
    ITEMS.length + pieces.length + 1,
  );
});

Deno.test("records of another kind, too long, cut short or without sense are refused", () => {
  const record = (kind: number, text: string) => encodeRecord({ kind, bytes: new TextEncoder().encode(text) });
  const cases: [Uint8Array, string][] = [
    [record(7, ""), "in its contents is a record of the unknown kind 7"],
    [Uint8Array.of(1, 255, 255, 255, 255), "the record at byte 0 of its contents has 4294967295 bytes, which none has"],
    [record(1, "{").subarray(0, 5), "its contents end in the middle of a record"],
    [record(1, "{"), "its contents hold JSON that is none"],
    [record(1, "null"), "its contents hold JSON that is none"],
    [record(1, '{"id":1}'), "its manifest is not right"],
    [record(1, '{"id":"\\u001b[2J","version":"1","exported":"now"}'), "its manifest is not right"],
    [record(6, '{"clients":-1,"messages":0,"entries":0}'), "its totals are not right"],
    [record(5, ""), "an entry of a database is torn"],
  ];
  for (const [bytes, message] of cases) assertThrows(() => itemsOf(sealed(bytes)), ArchiveError, message);
  assertThrows(() => itemsOf(concat(sealedItems(ITEMS), Uint8Array.of(0))), ArchiveError, "cut short");
  assertEquals(encodeItem(ITEMS[2]!).length, 15);
});

function totals(entries: number): Item {
  return { kind: "totals", totals: { clients: 1, messages: 0, entries } };
}
