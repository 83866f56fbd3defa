import { assertEquals, assertThrows } from "@std/assert";
import { configureLogging, openLogFile } from "../../src/cli/running/logging.ts";
import { logger, openLogFile as openFile, setLogFile, setLogLevel, setLogOutput } from "../../src/logging/log.ts";
import { ExitCode, OperatorError } from "../../src/errors/operator_error.ts";
import { canMount, SmallDisk } from "../faults/small_disk.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const log = logger("t");

/** The texts of the lines in a file. */
function texts(path: string): string[] {
  return Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => line.split(" > ")[1]!);
}

Deno.test("lines are appended to a file that only this user can access, and to a new one after that is renamed", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("log");
  const logging = { format: "text", level: "info", file: path } as const;
  try {
    configureLogging(logging, openLogFile(logging), "");
    log.info("one");
    log.warn("two");
    Deno.renameSync(path, folder.file("log.1"));
    log.info("three");
    configureLogging(logging, openLogFile(logging), "");
    log.info("four");
    assertEquals([texts(folder.file("log.1")), texts(path)], [["one", "two", "three"], ["four"]]);
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  } finally {
    setLogFile(undefined);
    setLogLevel("info");
  }
});

Deno.test("a log file that can't be opened is an operator's mistake, and lines that can't be written go to standard error", () => {
  assertThrows(
    () => openLogFile({ format: "text", level: "info", file: "/nonexistent/log" }),
    OperatorError,
    'Cannot write the log file "/nonexistent/log"',
  );
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.file("other"), "");
  Deno.linkSync(folder.file("other"), folder.file("linked"));
  const { exitCode } = assertThrows(
    () => openLogFile({ format: "text", level: "info", file: folder.file("linked") }),
    OperatorError,
    "linked has another name elsewhere (a hard link)",
  );
  assertEquals(exitCode, ExitCode.INPUT_OUTPUT, "systemd retries: on a full disk there may be room again");
  const lines: string[] = [];
  setLogOutput((line) => lines.push(line));
  try {
    const file = openFile(folder.file("log"));
    file[Symbol.dispose](); // so that writing fails, as on a full disk
    setLogFile(file);
    log.error("the file is closed");
    assertEquals(lines.map((line) => line.split(" > ")[1]), ["the file is closed"]);
  } finally {
    setLogFile(undefined);
    setLogOutput(undefined);
  }
});

Deno.test({
  name: "a log file in a folder that the unit of the service keeps read-only is refused with the remedy",
  ignore: !canMount,
  fn: async () => {
    using folder = new TemporaryFolder();
    await using disk = await SmallDisk.mount(folder.path, 1);
    await disk.makeReadOnly();
    assertThrows(
      () => openLogFile({ format: "text", level: "info", file: folder.file("log") }),
      OperatorError,
      "LogsDirectory in its unit",
    );
  },
});
