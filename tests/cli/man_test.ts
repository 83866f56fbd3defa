import { assertEquals, assertStringIncludes } from "@std/assert";
import { manualPage } from "../../src/cli/options/man.ts";
import { ENVIRONMENT } from "../../src/cli/options/help.ts";
import { COMMANDS } from "../../src/cli/options/commands.ts";
import { OPTIONS } from "../../src/cli/options/options.ts";
import { ExitCode } from "../../src/errors/operator_error.ts";

Deno.test("the manual page explains every command, option and exit code in the words of --help", () => {
  const page = manualPage().replaceAll("\\-", "-");
  for (const [name, { purpose }] of Object.entries(COMMANDS)) assertStringIncludes(page, `.B ${name}\n${purpose}`);
  for (const [name, { value, meaning }] of Object.entries(OPTIONS)) {
    const head = value === undefined ? `\n.B --${name}\n` : `\n.BI --${name} " ${value}"\n`;
    if (name !== "shell" && name !== "key") assertStringIncludes(page, head);
    if (name !== "shell" && name !== "key") assertStringIncludes(page, `\n${meaning}`);
  }
  for (const { name, meaning } of ENVIRONMENT) assertStringIncludes(page, `.B ${name}\n${meaning}`);
  for (const code of Object.values(ExitCode)) assertStringIncludes(page, `\n.B ${code}\n`);
});

Deno.test("the manual page shows each command's default", () => {
  const page = manualPage().replaceAll("\\-", "-");
  assertStringIncludes(page, "listen on for clients [default: 9000 (init); as configured (run)]. For init, run.");
  assertStringIncludes(
    page,
    "the only one there is (run, check, status, reload, inboxes, export, relocate, node-details, mixnode ",
  );
  assertStringIncludes(page, "); the name that it was exported under (import)].");
  assertStringIncludes(
    page,
    "config/config.toml (run, check, status, reload, inboxes, export, node-details, storage init, storage move); ~/.nym/mixnodes/<id>/config/",
  );
  assertStringIncludes(
    page,
    "show it again at this interval, in seconds [default: once]. For status, mixnode status, directory ",
  );
  assertStringIncludes(page, '.TP\n.BR -V ", " --version\n');
});

Deno.test("no text in it is taken for a request", () => {
  const requests = manualPage().split("\n").filter((line) => /^[.']/.test(line)).map((line) => line.split(" ")[0]);
  assertEquals(new Set(requests), new Set([".TH", ".SH", ".B", ".br", ".RB", ".TP", ".BI", ".BR", ".I"]));
});
