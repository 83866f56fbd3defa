import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { checkLogFile } from "../../src/cli/checks/storage.ts";
import { openLogFile } from "../../src/cli/running/logging.ts";
import { readRunning } from "../../src/cli/running/running.ts";
import { readText } from "../../src/config/files.ts";
import { readKeptTopology } from "../../src/directory/kept_topology.ts";
import { lockFolder } from "../../src/files/lock.ts";
import { openRegularFile, readRegularText } from "../../src/files/regular.ts";
import { setLogOutput } from "../../src/logging/log.ts";
import { openPrivateDatabase } from "../../src/mailbox/database.ts";
import { freeBytesInside } from "../../src/mailbox/disk_space.ts";
import { readMove } from "../../src/mailbox/unfinished_move.ts";
import { TagFile } from "../../src/replay/tag_file.ts";
import { readCertificate } from "../../src/tls/certificate.ts";
import { NamedPipe } from "../support/named_pipe.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const ignore = Deno.build.os === "windows";
const LOGGING = { format: "text", level: "info" } as const;

/** A file by its name in a folder, and what opens or reads it there. */
type Use = readonly [name: string, use: (path: string, folder: string) => unknown];

const READ: readonly Use[] = [
  ["config.toml", (path) => readText(path, path)],
  ["config.toml.running", (_, folder) => readRunning(`${folder}/config.toml`)],
  ["move.json", (_, folder) => readMove(folder)],
  ["cert.pem", (path) => readCertificate({ certificate: path, key: path })],
  ["0000000001.seen", (path) => TagFile.read(path)],
  ["0000000002.seen", (path) => TagFile.pieces(path, 1).next()],
  ["mailbox.kv-journal", async (_, folder) => (await openPrivateDatabase(`${folder}/mailbox.kv`)).close()],
];

const WRITTEN: readonly Use[] = [
  ["lock", async (_, folder) => (await lockFolder(folder, "in use", () => {}))[Symbol.dispose]()],
  ["ledger.kv", async (path) => (await openPrivateDatabase(path)).close()],
  ["checked.log", (path) => {
    for (const { found } of checkLogFile({ ...LOGGING, file: path }, path)) throw new Error(found);
  }],
  ["log", (path) => openLogFile({ ...LOGGING, file: path })?.[Symbol.dispose]()],
];

Deno.test({
  name: "a named pipe in place of a file is named at once, and not waited for",
  ignore,
  fn: async () => {
    using folder = new TemporaryFolder();
    (await openPrivateDatabase(folder.file("mailbox.kv"))).close();
    for (const [uses, kind] of [[READ, "read"], [WRITTEN, "written"]] as const) {
      for (const [name, use] of uses) {
        const path = folder.file(name);
        await using _pipe = new NamedPipe(path, kind);
        await assertRejects(async () => await use(path, folder.path), Error, `${name} is a named pipe, not a file`);
      }
    }
    assertEquals(freeBytesInside(folder.file("ledger.kv")), 0);
  },
});

Deno.test({
  name: "a named pipe in place of the saved topology is reported, and the start goes on without one",
  ignore,
  fn: async () => {
    using folder = new TemporaryFolder();
    const path = folder.file("topology.json");
    await using _pipe = new NamedPipe(path, "read");
    const lines: string[] = [];
    setLogOutput((line) => lines.push(line));
    try {
      assertEquals(await readKeptTopology(path), undefined);
    } finally {
      setLogOutput(undefined);
    }
    assertEquals(lines.length, 1);
    assertMatch(lines[0]!, /WARN .*topology\.json is a named pipe, not a file$/);
  },
});

Deno.test({
  name: "sockets and devices are refused too; /dev/null may be written to, and folders are for the system to refuse",
  ignore,
  fn: () => {
    using folder = new TemporaryFolder();
    using _socket = Deno.listen({ transport: "unix", path: folder.file("socket") });
    assertThrows(() => readRegularText(folder.file("socket")), Error, "socket is a socket, not a file");
    Deno.symlinkSync("/dev/null", folder.file("device"));
    assertThrows(() => openRegularFile(folder.file("device")), Error, "device is a device, not a file");
    openRegularFile("/dev/null", { append: true }).close();
    assertThrows(() => readRegularText(folder.path), Deno.errors.IsADirectory);
    assertThrows(() => readRegularText(folder.file("none")), Deno.errors.NotFound);
  },
});
