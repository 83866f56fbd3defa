import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { lockPrivateFolder, openDatabase } from "../../src/mailbox/database.ts";

const modeOf = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o777;

Deno.test("a database and the folders above it are for this user alone", async () => {
  const home = await Deno.makeTempDir();
  const path = join(home, "data", "inboxes", "mailbox.kv");
  using kv = await openDatabase(path);
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

Deno.test("a folder is locked by one at a time, and taken away from others", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.chmod(folder, 0o755);
  {
    using _lock = await lockPrivateFolder(folder);
    assertEquals(await modeOf(folder), 0o700);
    await assertRejects(() => lockPrivateFolder(folder), Error, "another gateway that runs is using it");
  }
  using _again = await lockPrivateFolder(folder);
  await Deno.remove(folder, { recursive: true });
});
