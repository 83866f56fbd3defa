import { assert, assertEquals } from "@std/assert";
import { assertWhole, Load } from "../support/load.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { BinaryGateway, binaryTest, outcomeOf } from "./binary.ts";
import { MEMORY_GROUPS, MemoryGroup } from "./memory_group.ts";

const MiB = 2 ** 20;
/** Nothing listens there. */
const NO_DIRECTORY = "http://127.0.0.1:1";
const RATE = 500; // packets a second
const PACKETS = 2000;

binaryTest("a machine of 256 MB serves 500 packets a second", async (binary) => {
  using group = new MemoryGroup(256 * MiB);
  await using gateway = new BinaryGateway(binary, group.wrapper);
  await gateway.init(NO_DIRECTORY);
  await gateway.start();
  using load = await Load.prepare(gateway, 10, PACKETS);
  assertWhole(await load.push(RATE), PACKETS);
  assertEquals(await gateway.stop(), 0);
  assertEquals(group.kills, 0);
}, MEMORY_GROUPS);

binaryTest("a machine of 256 MB exports a gateway and imports it", async (binary) => {
  using folder = new TemporaryFolder();
  using group = new MemoryGroup(256 * MiB);
  await using gateway = new BinaryGateway(binary);
  await gateway.init(NO_DIRECTORY);
  await Deno.writeTextFile(folder.file("passphrase"), "correct horse battery", { mode: 0o600 });
  const args = ["--file", folder.file("gateway.age"), "--passphrase-file", folder.file("passphrase")];
  for (const command of [["export", "--id", "gw"], ["import", "--id", "twin"]]) {
    const env = { NYM_HOME: `${gateway.home}/nym` };
    const outcome = await outcomeOf([...group.wrapper, binary, ...command, ...args], env);
    assertEquals([outcome.code, outcome.stderr], [0, ""]);
  }
  assertEquals(group.kills, 0);
}, MEMORY_GROUPS);

binaryTest("an idle gateway has less than 80 MB, and less than half of it is anonymous memory", async (binary) => {
  await using gateway = new BinaryGateway(binary);
  await gateway.init(NO_DIRECTORY);
  await gateway.start();
  const [resident, anonymous] = [gateway.memory("VmRSS"), gateway.memory("RssAnon")];
  assert(resident < 80_000_000 / 1024, `${resident} kB`);
  assert(anonymous < resident / 2, `${anonymous} kB`); // the rest is the mapped executable
}, { name: "Linux, and the permission to read /proc", isMet: canReadProc() });

binaryTest("an idle gateway starts and stops within 96 MB, including its mapped executable", async (binary) => {
  using group = new MemoryGroup(96 * MiB);
  await using gateway = new BinaryGateway(binary, group.wrapper);
  await gateway.init(NO_DIRECTORY);
  await gateway.start();
  assertEquals(await gateway.stop(), 0);
  assertEquals(group.kills, 0);
}, MEMORY_GROUPS);

function canReadProc(): boolean {
  try {
    return Deno.readTextFileSync("/proc/self/status") !== "";
  } catch {
    return false; // missing, or not permitted
  }
}
