import { assertEquals, assertMatch } from "@std/assert";
import {
  flushLog,
  logger,
  parseLogFilter,
  parseLogLevel,
  setLogFilter,
  setLogFormat,
  setLogLevel,
  setLogOutput,
} from "../../src/logging/log.ts";

/** The lines that are logged while `act` runs. */
function logged(act: () => void): string[] {
  const lines: string[] = [];
  setLogOutput((line) => lines.push(line));
  try {
    act();
    flushLog();
  } finally {
    setLogOutput(undefined);
    setLogFormat("text");
    setLogLevel("info");
  }
  return lines;
}

Deno.test("lines have the form that 0.7.0 writes", () => {
  const [line = ""] = logged(() => logger("node").info("Starting nym gateway!"));
  assertMatch(line, /^ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} INFO {2}node > Starting nym gateway!$/);
});

Deno.test("targets are padded to the widest one so far", () => {
  const lines = logged(() => {
    logger("a::long::target").error("one");
    logger("short").warn("two");
  });
  assertEquals(lines.map((line) => line.slice(25)), ["ERROR a::long::target > one", "WARN  short           > two"]);
});

Deno.test("lines below the level are left out", () => {
  const log = logger("t");
  const logAll = () => {
    for (const level of ["error", "warn", "info", "debug", "trace"] as const) log[level](level);
  };
  const count = (level: "off" | "error" | "info" | "trace") =>
    logged(() => {
      setLogLevel(level);
      logAll();
    }).length;
  assertEquals([count("off"), count("error"), count("info"), count("trace")], [0, 1, 3, 5]);
  assertEquals(logged(logAll).length, 3);
});

Deno.test("a text can't forge a line or control a terminal", () => {
  const [line = ""] = logged(() => logger("t").info("a\nb\u001b[31m\u009b\u202e\u2028"));
  assertMatch(line, /> a\\u000ab\\u001b\[31m\\u009b\\u202e\\u2028$/);
  const [json = ""] = logged(() => {
    setLogFormat("json");
    logger("t").info("a\nb\u009b\u202e");
  });
  assertMatch(json, /"message":"a\\nb\\u009b\\u202e"/);
});

Deno.test("levels are read in upper and lower case; other texts are not levels", () => {
  assertEquals(["debug", " WARN ", "Off", "loud", "a=debug"].map(parseLogLevel), [
    "debug",
    "warn",
    "off",
    undefined,
    undefined,
  ]);
});

Deno.test("parts of the program have levels of their own, even after they have logged", () => {
  const [mailbox, node] = [logger("nym_gateway::mailbox"), logger("nym_gateway::node")];
  const lines = logged(() => {
    mailbox.debug("before");
    setLogFilter(parseLogFilter("error,nym_gateway::mailbox=debug")!);
    mailbox.debug("after");
    node.info("left out");
  });
  assertEquals(lines.map((line) => line.replace(/.*> /, "")), ["after"]);
});

Deno.test("as JSON, a line is an object", () => {
  const [line = ""] = logged(() => {
    setLogFormat("json");
    logger("nym_gateway::node").warn('a "b"\nc');
  });
  const { time, ...rest } = JSON.parse(line);
  assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assertEquals(rest, { level: "warn", target: "nym_gateway::node", message: 'a "b"\nc' });
});

Deno.test("a flood of one cause is summarised", () => {
  const lines = logged(() => {
    for (let i = 0; i < 5000; i++) logger("t").warn(`packet ${i} dropped`);
  });
  assertEquals(lines.length, 11);
  assertMatch(lines.at(-1)!, /WARN .*> … and 4990 more within a second, like: packet 10 dropped$/);
});
