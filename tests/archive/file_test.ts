import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { ArchiveError, WrongPassphrase } from "../../src/archive/archive_error.ts";
import { ArchiveReader } from "../../src/archive/archive_reader.ts";
import { writeArchive } from "../../src/archive/archive_writer.ts";
import type { Item } from "../../src/archive/contents.ts";
import { opened } from "../../src/archive/sealing.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { ITEMS, itemsIn, PASSPHRASE, QUICK, readItems } from "./archives.ts";

const namesIn = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name);

Deno.test("a file is written for its user alone and read back to the last byte", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("gateway.age");
  const sizes: number[] = [];
  const size = await writeArchive(path, PASSPHRASE, ITEMS, { ...QUICK, onWritten: (bytes) => sizes.push(bytes) });
  assertEquals([size, sizes.at(-1)], [(await Deno.stat(path)).size, size]);
  if (Deno.build.os !== "windows") assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  assertEquals(namesIn(folder.path), ["gateway.age"]);
  using archive = await ArchiveReader.open(path);
  assertEquals(await readItems(archive.items(PASSPHRASE)), await readItems(ITEMS));
  assertEquals(archive.position, archive.size);
});

Deno.test("an aborted export leaves nothing, and the remains of a killed one are replaced", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("gateway.age");
  await Deno.writeTextFile(`${path}.part`, "of an export that was killed");
  let isClosed = false;
  async function* endless(): AsyncGenerator<Item> {
    try {
      yield ITEMS[0]!;
      for (let number = 1;; number++) yield { ...ITEMS[7]!, number } as Item;
    } finally {
      isClosed = true;
    }
  }
  const givesUp = (bytes: number) => {
    assertEquals(namesIn(folder.path), ["gateway.age.part"]);
    if (bytes > 1_000_000) throw new RangeError("enough");
  };
  await assertRejects(() => writeArchive(path, PASSPHRASE, endless(), { ...QUICK, onWritten: givesUp }), RangeError);
  assertEquals(namesIn(folder.path), []);
  assertEquals(isClosed, true, "the source of the items is closed first");
});

Deno.test("of two exports to one file, one is refused, and neither replaces a file that is complete", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("gateway.age");
  const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
  const { promise: hasBegun, resolve: begin } = Promise.withResolvers<void>();
  async function* waiting(): AsyncGenerator<Item> {
    begin();
    await mayEnd;
    yield* ITEMS;
  }
  const first = writeArchive(path, PASSPHRASE, waiting(), QUICK);
  await hasBegun;
  await assertRejects(() => writeArchive(path, PASSPHRASE, ITEMS, QUICK), Deno.errors.Busy);
  Deno.writeTextFileSync(path, "of an export in between");
  end();
  await assertRejects(() => first, Deno.errors.AlreadyExists);
  assertEquals(namesIn(folder.path), ["gateway.age"]);
  assertEquals(Deno.readTextFileSync(path), "of an export in between");
});

Deno.test("an error of the items ends the writing with that error", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("gateway.age");
  async function* failing(): AsyncGenerator<Item> {
    yield* ITEMS;
    await Promise.reject(new Deno.errors.InvalidData("the database is damaged"));
  }
  await assertRejects(() => writeArchive(path, PASSPHRASE, failing(), QUICK), Deno.errors.InvalidData);
  assertEquals(namesIn(folder.path), []);
});

Deno.test("a wrong passphrase, another kind of file and a damaged one give different errors", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("gateway.age");
  await writeArchive(path, PASSPHRASE, ITEMS, QUICK);
  await assertRejects(() => itemsIn(path, "battery horse correct"), WrongPassphrase);
  await assertRejects(() => ArchiveReader.open(folder.path), ArchiveError, "it is not a file");
  if (Deno.build.os !== "windows") {
    await new Deno.Command("mkfifo", { args: [folder.file("pipe")] }).output();
    await assertRejects(() => ArchiveReader.open(folder.file("pipe")), ArchiveError, "it is not a file");
  }
  const bytes = await Deno.readFile(path);
  bytes[1000]! ^= 1;
  await Deno.writeFile(path, bytes);
  await assertRejects(() => itemsIn(path), ArchiveError, "it is damaged or cut short");
  await Deno.writeTextFile(path, "[gateway]");
  await assertRejects(() => ArchiveReader.open(path), ArchiveError, "it is not an export of nym-gateway");
});

Deno.test("an error in reading the file is not reported as damage", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("gateway.age");
  await writeArchive(path, PASSPHRASE, ITEMS, QUICK);
  const archive = await ArchiveReader.open(path);
  archive[Symbol.dispose]();
  await assertRejects(() => readItems(archive.items(PASSPHRASE)), Deno.errors.BadResource);
});

Deno.test("an archive written by age 1.3.2 and GNU tar 1.34 is read", async () => {
  assertEquals(await itemsIn(join(import.meta.dirname!, "made_by_age.age")), await readItems(ITEMS));
});

Deno.test({
  name: "`tar` lists and extracts the sealed contents",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using folder = new TemporaryFolder();
    const path = folder.file("gateway.age");
    await writeArchive(path, PASSPHRASE, ITEMS, QUICK);
    using file = await Deno.open(path);
    await Deno.writeFile(folder.file("plain.tar"), ReadableStream.from(opened(file.readable, PASSPHRASE)));
    const { success, stdout } = await new Deno.Command("tar", {
      args: ["--verbose", "--extract", "--file", "plain.tar"],
      cwd: folder.path,
    }).output();
    assertEquals(success, true);
    assertEquals(new TextDecoder().decode(stdout).trimEnd().split("\n"), [
      "manifest.json",
      "config.toml",
      "private_sphinx.pem",
      "public_sphinx.pem",
      "storage_key.pem",
      "replay/0000000007.tags",
      "replay/0000000008.tags",
      "ledger/000001.msgpack",
      "mailbox/000001.msgpack",
      "mailbox/000002.msgpack",
    ]);
    assertEquals(await Deno.readTextFile(folder.file("config.toml")), '[gateway]\nid = "lighthouse"\n');
    assertEquals((await Deno.stat(folder.file("storage_key.pem"))).mode! & 0o777, 0o600);
  },
});
