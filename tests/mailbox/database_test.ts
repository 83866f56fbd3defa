import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { opened } from "../../src/errors/opened.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { lockPrivateFolder, openDatabase, openPrivateDatabase } from "../../src/mailbox/database.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { Sealer } from "../../src/mailbox/sealing.ts";
import { MAX_MESSAGE_SIZE } from "../../src/sphinx/constants.ts";
import { testSealer } from "../support/sealer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { client, numbered, range } from "./messages.ts";

const modeOf = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o777;

Deno.test("a database and its new folders are accessible only to this user", async () => {
  const home = await Deno.makeTempDir();
  const path = join(home, "data", "inboxes", "mailbox.kv");
  using kv = await openDatabase(path, testSealer());
  await kv.set(["key"], "value");
  const modes: Record<string, number> = {};
  for (const name of ["mailbox.kv", "mailbox.kv-wal", "mailbox.kv-shm"]) {
    modes[name] = await modeOf(join(home, "data", "inboxes", name));
  }
  assertEquals(modes, { "mailbox.kv": 0o600, "mailbox.kv-wal": 0o600, "mailbox.kv-shm": 0o600 });
  assertEquals([await modeOf(join(home, "data")), await modeOf(join(home, "data", "inboxes"))], [0o700, 0o700]);
  kv.close();
  await Deno.remove(home, { recursive: true });
});

Deno.test("a full-size message stored alone takes little more than its size", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("mailbox.kv");
  const messages = 2000;
  {
    await using mailbox = await Mailbox.open(path, testSealer());
    for (const n of range(messages)) mailbox.store(client(n), numbered(n, MAX_MESSAGE_SIZE));
  }
  const { size } = await Deno.stat(path);
  assertLess(size, messages * 1.6 * MAX_MESSAGE_SIZE);
});

Deno.test("an existing database keeps its page size", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("older.kv");
  (await Deno.openKv(path)).close();
  (await openPrivateDatabase(path)).close();
  using database = new DatabaseSync(path);
  assertEquals({ ...database.prepare("PRAGMA page_size").get() }, { page_size: 4096 });
});

Deno.test("a database with a hard link is refused, and so is one with a hard link beside it", async () => {
  using folder = new TemporaryFolder();
  const [other, path] = [folder.file("other"), folder.file("mailbox.kv")];
  for (const name of ["mailbox.kv", "mailbox.kv-wal"]) {
    Deno.writeTextFileSync(other, "");
    Deno.linkSync(other, folder.file(name));
    await assertRejects(() => openPrivateDatabase(path), Error, `${name} has another name elsewhere (a hard link)`);
    assertEquals(Deno.statSync(other).size, 0);
    Deno.removeSync(folder.file(name));
  }
});

Deno.test("only one gateway at a time locks a folder, and other users lose access to it", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.chmod(folder, 0o755);
  {
    using _lock = await lockPrivateFolder(folder);
    assertEquals(await modeOf(folder), 0o700);
    await assertRejects(() => lockPrivateFolder(folder), Error, "another running gateway is using it");
  }
  using _again = await lockPrivateFolder(folder);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a database opens only with the storage key that it was created with", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("some.kv");
  const other = new Sealer(new Uint8Array(32));
  (await openDatabase(path, testSealer())).close();
  (await openDatabase(path, testSealer())).close();
  await assertRejects(() => openDatabase(path, other), Error, "it was not sealed with this storage key; put back");
});

Deno.test("a damaged marker of the storage key is repaired from the other copy", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("some.kv");
  for (const n of [0, 1, 0]) {
    using kv = await openDatabase(path, testSealer());
    await kv.set(["storage_key", n], new Uint8Array(40));
  }
  using kv = await openDatabase(path, testSealer());
  for (const n of [0, 1]) await kv.set(["storage_key", n], new Uint8Array(40));
  await assertRejects(() => openDatabase(path, testSealer()), Error, "not sealed with this storage key");
});

Deno.test("a database whose schema has a flipped bit is refused with a remedy", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("some.kv");
  (await openDatabase(path, testSealer())).close();
  const file = Buffer.from(Deno.readFileSync(path)).toString("latin1");
  const damaged = file.replace(/(CREATE INDEX[^(]*\(expiration_m)s/i, "$1r");
  assert(damaged !== file);
  Deno.writeFileSync(path, Buffer.from(damaged, "latin1"));
  const opening = () => opened("mailbox", path, (path) => openDatabase(path, testSealer()));
  await assertRejects(opening, OperatorError, "malformed database schema");
  await assertRejects(opening, OperatorError, "it is damaged: put back a copy");
});

Deno.test("a database that was never sealed is refused", async () => {
  using folder = new TemporaryFolder();
  using kv = await Deno.openKv(folder.file("some.kv"));
  await kv.set(["totals"], { sequence: 1, messages: 1, bytes: 1 });
  await assertRejects(() => openDatabase(folder.file("some.kv"), testSealer()), Error, "not sealed with this storage");
});
