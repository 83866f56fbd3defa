import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { nymGateway } from "../cli/program.ts";
import { numbered, range } from "../mailbox/messages.ts";
import { EndedAtStart, GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { quietPort } from "../support/quiet_port.ts";
import { Random } from "../support/random.ts";
import { FaultyGateway } from "./faulty_gateway.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { canMount, SmallDisk } from "./small_disk.ts";
import { UnreadableFile } from "./unreadable_file.ts";

/** The exit code and last words of a gateway that cannot start. */
async function refusal(process: GatewayProcess): Promise<{ code: number; said: string }> {
  try {
    await process.start();
  } catch (error) {
    if (!(error instanceof EndedAtStart)) throw error;
    return { code: error.code, said: error.said.trim().split("\n").at(-1)! };
  }
  throw new Error("it has started");
}

Deno.test("a second run on the same home reports that and ends, and the first continues", async () => {
  await using gateway = await FaultyGateway.start();
  const { home, mixnet, clients } = gateway.process;
  await gateway.store(100);
  const { code, said } = await refusal(new GatewayProcess("ours", home, mixnet, clients));
  assertEquals(code, 74);
  assertMatch(said, /^error: Cannot open the inboxes ".*\/inboxes": another running gateway is using it$/);
  await gateway.store(100);
  await gateway.readAll();
});

const skipped = canMount ? "" : " (skipped: this user may not mount)";

const random = new Random(7);
const REMEDY =
  "it is damaged: put back a copy of it, or move it away, with the files beside it that begin with its name";

/** Files of the home and what happens to them; the exit code, and what is reported besides the file's name. */
const SPOILED: readonly [file: string, how: string, spoil: (path: string) => void, code: number, said: string][] = [
  ["data/inboxes/mailbox.kv", "is random bytes", fillRandomly, 74, `file is not a database; ${REMEDY}`],
  ["data/inboxes/mailbox.kv", "is cut", cut, 74, `disk image is malformed; ${REMEDY}`],
  ["data/inboxes/mailbox.kv", "is a folder", beFolder, 74, "Is a directory"],
  ["data/client_ledger.kv", "is random bytes", fillRandomly, 74, `file is not a database; ${REMEDY}`],
  ["data/client_ledger.kv", "is cut", cut, 74, `disk image is malformed; ${REMEDY}`],
  ["data/inboxes/replay", "is a file", beFile, 74, "File exists"],
  ["data/inboxes/lock", "is a folder", beFolder, 74, "Is a directory"],
  ["data/inboxes/move.json", "is cut", (path) => Deno.writeTextFileSync(path, "{"), 74, "in JSON"],
  ["data/private_sphinx.pem", "is random bytes", fillRandomly, 78, "not a PEM file"],
  ["data/private_sphinx.pem", "is missing", remove, 66, "private_sphinx_key_file): there is no such file"],
  ["data/private_sphinx.pem", "is a folder", beFolder, 74, "Is a directory"],
  ["data/public_sphinx.pem", "is empty", empty, 78, "not a PEM file"],
  ["data/public_sphinx.pem", "is missing", remove, 66, "public_sphinx_key_file): there is no such file"],
  ["data/storage_key.pem", "is random bytes", fillRandomly, 78, "not a PEM file"],
  ["data/client_ledger.kv", "has lost its storage key", loseLedgersKey, 66, "put back the storage key file"],
  ["config/config.toml", "is empty", empty, 78, '"id" in [gateway] is missing'],
  ["config/config.toml", "is random bytes", fillRandomly, 78, "config.toml: line "],
  ["config/config.toml", "is a folder", beFolder, 74, "Is a directory"],
];

function fillRandomly(path: string): void {
  Deno.writeFileSync(path, random.bytes(40_000));
}

function empty(path: string): void {
  Deno.truncateSync(path);
}

function cut(path: string): void {
  Deno.truncateSync(path, Deno.statSync(path).size >> 1);
}

function remove(path: string): void {
  Deno.removeSync(path, { recursive: true });
}

function beFolder(path: string): void {
  remove(path);
  Deno.mkdirSync(path);
}

function beFile(path: string): void {
  remove(path);
  Deno.writeFileSync(path, new Uint8Array(9));
}

function loseLedgersKey(ledger: string): void {
  remove(join(ledger, "..", "storage_key.pem"));
  remove(join(ledger, "..", "inboxes", "mailbox.kv"));
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.remove(to, { recursive: true }).catch(() => {});
  await new Deno.Command("cp", { args: ["-a", from, to] }).output();
}

Deno.test("damaged files are named with the remedy; once they are restored, all stored mail is there", async () => {
  await using gateway = await FaultyGateway.start();
  const { process } = gateway;
  await gateway.store(200);
  await process.stop();
  const [home, good] = [process.path(""), `${process.home}/good`];
  await copy(home, good);
  for (const [file, how, spoil, code, said] of SPOILED) {
    spoil(process.path(file));
    const refused = await refusal(process);
    assertEquals(refused.code, code, `${file} ${how}: ${refused.said}`);
    assertStringIncludes(refused.said, said);
    assertStringIncludes(refused.said, process.path(file).replace(/\/lock$/, ""));
    await copy(good, home);
  }
  await process.start();
  await gateway.readAll();
});

Deno.test("clients with a token can log in with an empty ledger, and an empty mailbox is usable", async () => {
  await using gateway = await FaultyGateway.start();
  const { process } = gateway;
  await gateway.store(100);
  await process.stop();
  empty(process.path("data/client_ledger.kv"));
  await process.start();
  await gateway.readAll(); // which registers the client again
  await process.stop();
  empty(process.path("data/inboxes/mailbox.kv"));
  await process.start();
  await gateway.store(100);
  await gateway.readAll();
});

Deno.test({
  name: `a disk that is read-only or full at the start is named, and harms nothing${
    canMount ? "" : " (skipped: no mount)"
  }`,
  ignore: !canMount,
  fn: async () => {
    await using gateway = await FaultyGateway.start({ megabytes: 16 });
    const { process, disk } = gateway;
    await gateway.store(200);
    await process.stop();
    await disk!.makeReadOnly();
    const readOnly = await refusal(process);
    await disk!.makeWritable();
    await disk!.fill();
    const full = await refusal(process);
    await disk!.free();
    await process.start();
    await gateway.store(100);
    await gateway.readAll();
    for (const { code, said } of [readOnly, full]) {
      assertEquals(code, 74);
      assertMatch(
        said,
        /^error: Cannot open the ledger ".*": .*; check whether the disk is full, read-only or failing, and whether this user may write to the folder$/,
      );
    }
  },
});

Deno.test({
  name: `unreadable and invalid files in inboxes of 0.7.0 are skipped, and the rest is taken over${skipped}`,
  ignore: !canMount,
  fn: async () => {
    await using process = await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY);
    const client = generateKeyPair();
    const address = encodeBase58(client.publicKey);
    const inbox = `${process.inboxes}/${address}`;
    Deno.mkdirSync(`${inbox}/a folder`, { recursive: true });
    Deno.mkdirSync(`${process.inboxes}/no address`);
    Deno.writeFileSync(`${process.inboxes}/${address.slice(1)}`, new Uint8Array(9)); // a file instead of a folder
    Deno.writeFileSync(`${inbox}/too large`, new Uint8Array(976));
    for (const n of range(4)) Deno.writeFileSync(`${inbox}/${n}`, numbered(n));
    Deno.utimeSync(`${inbox}/0`, 0, 0); // the oldest, because what is mounted over the next one could not be renamed
    {
      await using _unreadable = await UnreadableFile.cover(`${inbox}/1`);
      await process.start();
      assertEquals(await process.storedFor(address), 3);
      assertMatch(process.log, /WARN .*cannot read a message in a 0.7.0 inbox \(EACCES\): it stays/);
      assert(!process.log.includes(address), "no client's address is in the log");
      await process.stop();
    }
    await process.start();
    assertEquals(await process.storedFor(address), 4);
    assertEquals(Array.from(Deno.readDirSync(inbox), ({ name }) => name).sort(), ["a folder", "too large"]);
    await process.stop();
  },
});

Deno.test({
  name: `a failed init on a full disk leaves nothing that blocks the next one${skipped}`,
  ignore: !canMount,
  fn: async () => {
    using folder = new TemporaryFolder();
    await using disk = await SmallDisk.mount(folder.path, 1);
    const init = () => nymGateway("init --id gw --mix-host 127.0.0.1 --clients-host 127.0.0.1", { HOME: folder.path });
    for (const pages of range(5)) { // the files are written in turn: each of them runs out of space once
      await disk.fill(4096 * pages);
      const failed = await init();
      assertEquals(failed.code, 73, failed.stderr);
      assertStringIncludes(failed.stderr, "No space left on device");
      assertEquals(await filesIn(join(folder.path, ".nym")), []);
      await disk.free();
    }
    assertEquals((await init()).code, 0);
  },
});

Deno.test({
  name: "a home or a log where the runtime lets no program write is refused with the cause and the remedy",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const cause = "the runtime keeps programs from using anything in /dev, /proc and /sys; choose another place";
    const init = "init --id gw --mix-host 127.0.0.1 --clients-host 127.0.0.1";
    const elsewhere = await nymGateway(init, { NYM_HOME: "/dev/shm" });
    assertEquals(elsewhere.code, 77);
    assertEquals(elsewhere.stderr, `error: Cannot access /dev/shm/gateways/gw/config/config.toml: ${cause}\n`);
    await using gateway = await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY);
    gateway.configure(({ logging }) => logging.file = "/dev/stdout");
    assertEquals(await refusal(gateway), {
      code: 77,
      said: `error: Cannot write the log file "/dev/stdout" (file in [logging]): ${cause}, ` +
        'or set file = "" to log to standard error',
    });
  },
});

Deno.test("a missing storage key is not replaced while there is mail sealed with it", async () => {
  await using gateway = await FaultyGateway.start();
  const { process } = gateway;
  await gateway.store(100);
  await process.stop();
  const key = process.path("data/storage_key.pem");
  await Deno.rename(key, `${process.home}/kept`);
  for (const _ of range(2)) {
    const { code, said } = await refusal(process);
    assertEquals(code, 66);
    assertStringIncludes(
      said,
      `storage key ${key} is missing, and ${process.path("data/inboxes/mailbox.kv")} is sealed`,
    );
    assertEquals(await Deno.stat(key).catch(() => "nothing"), "nothing");
  }
  await Deno.rename(`${process.home}/kept`, key);
  await process.start();
  await gateway.readAll();
});

async function filesIn(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const found = entries.map(({ name, isDirectory }) =>
    isDirectory ? filesIn(join(folder, name)) : [join(folder, name)]
  );
  return (await Promise.all(found)).flat();
}
