import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { makeStorageKey, readStorageKey } from "../../src/config/storage_key_file.ts";
import { openDatabase } from "../../src/mailbox/database.ts";
import { Sealer } from "../../src/mailbox/sealing.ts";
import { canMount, SmallDisk } from "../faults/small_disk.ts";
import { quietPort } from "../support/quiet_port.ts";
import { CheckRig } from "./check_rig.ts";
import { nymGateway } from "./program.ts";

Deno.test("stored files that can't be used fail, and the other checks still run", async () => {
  await using rig = new CheckRig();
  await rig.init();
  await Deno.writeTextFile(rig.home.file("file"), "");
  await rig.edit((text) =>
    text.replace(/^(inboxes_directory = ).*/m, `$1${JSON.stringify(rig.home.file("file/inboxes"))}`)
      .replace(/^(ledger_path = ).*/m, '$1"ledger.kv"')
      .replace(/^(file = ).*/m, `$1${JSON.stringify(rig.home.file("none/gateway.log"))}`)
  );
  await Deno.writeTextFile(join(rig.data, "storage_key.pem"), "nonsense");
  const { code, found } = await rig.check();
  assertEquals(code, 78);
  assertStringIncludes(found["storage key"]?.found ?? "", `Cannot use the storage key ${rig.data}/storage_key.pem: `);
  assertEquals(found["inboxes"]?.status, "fail");
  assertStringIncludes(found["inboxes"]?.remedy ?? "", "correct inboxes_directory");
  assertStringIncludes(found["paths"]?.found ?? "", 'ledger_path in [clients_endpoint] is "ledger.kv"');
  assertStringIncludes(found["log file"]?.found ?? "", "(file in [logging]): there is no such file or folder");
  assertEquals([found["directory"]?.status, found["disk"]?.status], ["ok", "ok"]);
});

Deno.test("a missing storage key is reported if mail was stored, and only run creates one", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const key = join(rig.data, "storage_key.pem");
  await Deno.remove(key);
  assertEquals((await rig.check()).found["storage key"]?.found, `${key}, which the first start creates`);
  await Deno.mkdir(join(rig.data, "inboxes"));
  for (const file of ["inboxes/mailbox.kv", "client_ledger.kv"]) {
    await Deno.writeTextFile(join(rig.data, file), "something");
    const { status, found } = (await rig.check()).found["storage key"]!;
    assertEquals(status, "warn");
    assertStringIncludes(found, `${join(rig.data, file)} is sealed with it`);
    await Deno.remove(join(rig.data, file));
  }
  await Deno.writeTextFile(join(rig.data, "inboxes/mailbox.kv"), "");
  const { code, stderr } = await nymGateway("inboxes --id gw", rig.env);
  assertEquals([code, stderr], [66, `error: Cannot read the storage key ${key}: there is no such file or folder\n`]);
  assertEquals(await Deno.stat(key).catch((error) => error.constructor), Deno.errors.NotFound);
});

Deno.test("a storage key that did not seal the stored mail fails, as the start would", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const path = join(rig.data, "inboxes/mailbox.kv");
  (await openDatabase(path, new Sealer(readStorageKey(join(rig.data, "storage_key.pem"))))).close();
  assertEquals((await rig.check()).found["storage key"]?.status, "ok");
  await Deno.remove(join(rig.data, "storage_key.pem"));
  makeStorageKey(join(rig.data, "storage_key.pem"));
  const before = await Deno.readFile(path);
  const { code, found } = await rig.check();
  assertEquals([code, found["storage key"]?.found], [74, `${path} was not sealed with this storage key`]);
  assertEquals(await Deno.readFile(path), before, "check changes nothing");
});

Deno.test("a disk too full for new mail fails, with a remedy", async () => {
  await using rig = new CheckRig();
  await rig.init();
  await rig.edit((text) => text.replace(/^minimum_free_disk = .*/m, `minimum_free_disk = ${Number.MAX_SAFE_INTEGER}`));
  const { code, found } = await rig.check();
  assertEquals([code, found["disk"]!.status], [69, "fail"]);
  assertStringIncludes(found["disk"]!.remedy!, "minimum_free_disk in [limits]");
});

Deno.test({
  name: `a home that is not writable fails${canMount ? "" : " (skipped: this user may not mount)"}`,
  ignore: !canMount,
  fn: async () => {
    await using rig = new CheckRig();
    await rig.init();
    await using disk = await SmallDisk.mount(rig.data, 4);
    await disk.makeReadOnly();
    const { code, found } = await rig.check();
    assertEquals([code, found["storage"]?.status], [73, "fail"]);
    assertMatch(found["storage"]!.found, /Cannot write in \S+data \(ledger_path in \[clients_endpoint\]\): Read-only/i);
    await disk.makeWritable();
    assertEquals((await rig.check()).found["storage"]?.status, "ok");
    assertEquals([...Deno.readDirSync(rig.data)].filter(({ name }) => name.startsWith(".")).length, 0);
  },
});

Deno.test("a missing storage key is not replaced where mail is in a database, which may be sealed with it", async () => {
  await using rig = new CheckRig();
  await rig.init();
  const url = `postgres://gateway@127.0.0.1:${quietPort()}/mail`;
  const password = rig.home.file("password");
  await Deno.writeTextFile(password, "secret", { mode: 0o644 });
  await rig.edit((text) =>
    text.replace('kind = "embedded"', 'kind = "postgresql"').replace(/^url = .*/m, `url = ${JSON.stringify(url)}`)
      .replace(/^password_file = .*/m, `password_file = ${JSON.stringify(password)}`)
  );
  const key = join(rig.data, "storage_key.pem");
  await Deno.remove(key);
  const { code, stderr } = await nymGateway("run --id gw", rig.env);
  assertEquals(code, 66);
  assertStringIncludes(stderr, `The storage key ${key} is missing, and the database ${url} is sealed with it`);
  assertEquals(await Deno.stat(key).catch((error) => error.constructor), Deno.errors.NotFound);
  const { found } = await rig.check();
  assertEquals(found["storage key"]?.status, "warn");
  assertEquals(found["database password"]?.remedy, `chmod o-r ${password}`);
});
