import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { TarEntry } from "modern-tar";
import { ArchiveError } from "../../src/archive/archive_error.ts";
import { fileOf, type Item, MAX_FILE_SIZE } from "../../src/archive/contents.ts";
import { decodeEntries, encodeEntries, grouped } from "../../src/archive/entries.ts";
import type { Entry } from "../../src/mailbox/stored_entry.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { ITEMS, itemsIn, readItems, sealedFile, tarOf } from "./archives.ts";

type Parts = (Item | TarEntry)[];

async function read(...parts: Parts) {
  using folder = new TemporaryFolder();
  return await itemsIn(await sealedFile(folder, await tarOf(...parts)));
}

const refusal = async (...parts: Parts) => (await assertRejects(() => read(...parts), ArchiveError)).message;
const without = (index: number, count = 1) => ITEMS.toSpliced(index, count);
const file = (name: string, bytes: Uint8Array | string): Item => ({ kind: "file", ...fileOf(name, bytes) });
const entries = (number: number): Item => ({ kind: "entries", database: "mailbox", number, entries: [] });

Deno.test("the items of an archive are read back in order", async () => {
  assertEquals(await read(...ITEMS), await readItems(ITEMS));
});

Deno.test("entries with any key and value are read back", () => {
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 70_000, size: "max" }),
    fc.string({ unit: "grapheme" }),
    fc.integer(),
    fc.double().filter((number) => !Object.is(number, -0)),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.array(part, { minLength: 1, maxLength: 4 }), part)), (parts) => {
      const entries = parts.map(([key, value]) => ({ key, value }));
      assertEquals(decodeEntries(encodeEntries(entries)), entries);
    }),
    { numRuns: 50 },
  );
});

Deno.test("anything but a list of entries is refused", () => {
  const bytes = encodeEntries([{ key: ["inbox", Uint8Array.of(1, 2), 5], value: Uint8Array.of(9) }]);
  const cases = [
    ...Array.from(bytes, (_, size) => bytes.subarray(0, size)),
    Uint8Array.of(...bytes, 0),
    Uint8Array.of(0xc0), // nil
    Uint8Array.of(0x91, 0x92, 0x90, 1), // no key
    Uint8Array.of(0x91, 0x92, 0x91, 0xc3, 1), // a key that is true
    Uint8Array.of(0x91, 0x92, 0x91, 1, 0x90), // a value that is a list
    Uint8Array.of(0x91, 0x93, 0x91, 1, 1, 1),
    Uint8Array.of(0xdd, 255, 255, 255, 255, 1), // four billion entries
    new Uint8Array(MAX_FILE_SIZE).fill(0x91), // lists in lists
  ];
  for (const case_ of cases) assertThrows(() => decodeEntries(case_), ArchiveError, "a database in it is invalid");
});

Deno.test("entries are grouped up to the size limit of a file, and none is lost", async () => {
  const all: Entry[] = Array.from({ length: 3000 }, (_, i) => ({ key: ["inbox", i], value: new Uint8Array(i) }));
  const groups = await Array.fromAsync(grouped((async function* () {
    yield* all;
  })()));
  assertEquals(groups.flat(), all);
  assertEquals(groups.length, 10);
  const large = { key: ["inbox", new Uint8Array(2000)], value: new Uint8Array(65_536) };
  for await (const group of grouped(ReadableStream.from(Array(50).fill(large)))) {
    assertEquals(encodeEntries(group).length < MAX_FILE_SIZE, true);
  }
  assertEquals(await Array.fromAsync(grouped(ReadableStream.from([]))), []);
});

Deno.test("missing, duplicate and misplaced files are refused by name", async () => {
  assertEquals(await refusal(), "it does not contain manifest.json");
  assertEquals(await refusal(...without(0)), "its manifest is not its first file");
  assertEquals(await refusal(ITEMS[1]!, ...ITEMS), "its manifest is not its first file");
  assertEquals(await refusal(ITEMS[0]!, ...ITEMS), "its manifest is not its first file");
  assertEquals(await refusal(...ITEMS, ITEMS[1]!), "it contains a file twice");
  assertEquals(await refusal(...ITEMS, ITEMS[5]!), "it contains a file twice");
  assertEquals(await refusal(...without(4)), "it does not contain storage_key.pem");
  assertEquals(await refusal(...ITEMS, entries(4)), "a part of its mailbox is missing");
  assertEquals(await refusal(...without(8)), "a part of its mailbox is missing");
  assertEquals((await read(...ITEMS, entries(3))).length, ITEMS.length + 1);
});

Deno.test("names other than those of a gateway's files are refused, especially in other folders", async () => {
  for (
    const name of [
      "../config.toml",
      "/etc/passwd",
      "./config.toml",
      "replay/../../x.tags",
      "replay/1.tags",
      "replay/0000000001.new",
      "replay/0000000001.tags\n",
      "ledgers/000001.msgpack",
      "__proto__/000001.msgpack",
      "data/inboxes",
      "\u001b[2J",
    ]
  ) {
    assertEquals(
      await refusal(...ITEMS, file(name, "")),
      "it contains a file that does not belong to a gateway",
      name,
    );
  }
});

Deno.test("anything but a regular file is refused, whatever its name", async () => {
  for (const type of ["symlink", "link", "directory", "character-device", "fifo"] as const) {
    const entry = { header: { name: "replay/0000000009.tags", size: 0, type, linkname: "/etc/passwd" } };
    assertEquals(await refusal(...ITEMS, entry), "it contains something that is not a file");
  }
});

Deno.test("configuration, keys and entries have a size limit, tags have none", async () => {
  const long = new Uint8Array(MAX_FILE_SIZE + 1);
  assertEquals(await refusal(ITEMS[0]!, file("config.toml", long)), "a file in it is too large");
  assertEquals(await refusal(ITEMS[0]!, file("mailbox/000001.msgpack", long)), "a file in it is too large");
  const items = await read(...ITEMS, file("replay/0000000009.seen", long));
  assertEquals(items.at(-1), { kind: "file", name: "replay/0000000009.seen", bytes: long });
});

Deno.test("an incomplete or unprintable manifest is refused, and so is one of another format", async () => {
  const manifest = (text: string) => refusal(file("manifest.json", text));
  const rest = '"version":"1","exported":"now"}';
  const unprintable = '{"format":1,"id":"x","version":"\\u202e","exported":"now"}';
  for (
    const text of ["{", "null", "[]", '{"format":1}', `{"id":"x",${rest}`, `{"format":1,"id":1,${rest}`, unprintable] //
  ) assertEquals(await manifest(text), "its manifest is invalid");
  assertEquals(
    await manifest('{"format":2}'),
    "it has format 2, but this program reads format 1: is the program outdated?",
  );
  const anyName = `{"format":1,"id":"${"a ".repeat(99)}",${rest}`; // 0.7.0 takes any id; `import` asks for another
  assertEquals(await manifest(anyName), "it does not contain config.toml");
});

Deno.test("a truncated or invalid tar archive is refused", async () => {
  using folder = new TemporaryFolder();
  const tar = await tarOf(...ITEMS);
  const broken = tar.slice();
  broken[512 * 2 + 20] = 255;
  for (const bytes of [tar.subarray(0, 700), tar.subarray(0, -1024), tar.subarray(0, -512), broken, tar.subarray(1)]) {
    const path = await sealedFile(folder, bytes.slice());
    await assertRejects(() => itemsIn(path), ArchiveError);
  }
});
