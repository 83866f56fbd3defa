import { assertEquals, assertRejects } from "@std/assert";
import { ArchiveError, WrongPassphrase } from "../../src/archive/archive_error.ts";
import { ArchiveReader } from "../../src/archive/archive_reader.ts";
import { ArchiveWriter } from "../../src/archive/archive_writer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { ITEMS } from "./sealed.ts";

const PASSPHRASE = "correct horse battery";
const QUICK = { log2N: 4, r: 1, p: 1 };

async function write(path: string): Promise<void> {
  using archive = await ArchiveWriter.create(path, PASSPHRASE, QUICK);
  for (const item of ITEMS) await archive.add(item);
  await archive.finish();
  assertEquals(archive.written, (await Deno.stat(path)).size);
}

const namesIn = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name);

Deno.test("a file is written for its user alone and read again, to its last byte", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("gateway.nym");
  await write(path);
  if (Deno.build.os !== "windows") assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  assertEquals(namesIn(folder.path), ["gateway.nym"]);
  using archive = await ArchiveReader.open(path);
  assertEquals(await Array.fromAsync(archive.items(PASSPHRASE)), ITEMS);
  assertEquals(archive.position, archive.size);
});

Deno.test("a file that is given up leaves nothing, and what a kill has left is no hindrance", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("gateway.nym");
  await Deno.writeTextFile(`${path}.part`, "of an export that was killed");
  {
    using archive = await ArchiveWriter.create(path, PASSPHRASE, QUICK);
    await archive.add(ITEMS[0]!);
    assertEquals(namesIn(folder.path), ["gateway.nym.part"]);
  }
  assertEquals(namesIn(folder.path), []);
});

Deno.test("a wrong passphrase, another file and a damaged one are told apart", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("gateway.nym");
  await write(path);
  {
    using archive = await ArchiveReader.open(path);
    await assertRejects(() => Array.fromAsync(archive.items("battery horse correct")), WrongPassphrase);
  }
  await assertRejects(() => ArchiveReader.open(folder.path), ArchiveError, "it is not a file");
  if (Deno.build.os !== "windows") {
    await new Deno.Command("mkfifo", { args: [folder.file("pipe")] }).output();
    await assertRejects(() => ArchiveReader.open(folder.file("pipe")), ArchiveError, "it is not a file");
  }
  const bytes = await Deno.readFile(path);
  bytes[100]! ^= 1;
  await Deno.writeFile(path, bytes);
  using archive = await ArchiveReader.open(path);
  await assertRejects(() => Array.fromAsync(archive.items(PASSPHRASE)), ArchiveError, "segment 0 (bytes 64 to");
  await Deno.writeTextFile(path, "[gateway]");
  await assertRejects(() => ArchiveReader.open(path), ArchiveError, "it is no export of a nym-gateway");
});
