import { assertMatch, assertStringIncludes } from "@std/assert";
import { commandHelp, GENERAL_HELP } from "../../src/cli/options/help.ts";
import { COMMANDS, usageOf } from "../../src/cli/options/commands.ts";
import type { OptionName } from "../../src/cli/options/options.ts";

Deno.test("a command's help explains each of its options, with its default unless it is required", () => {
  for (const command of ["init", "run", "export", "import", "build-info", "mixnode init"] as const) {
    const help = commandHelp(command);
    const head = (option: OptionName) => `\n    ${usageOf(option).replace(/[[\]]/g, "\\$&")}\n`;
    for (const option of COMMANDS[command].required) assertMatch(help, new RegExp(`${head(option)} +[^[]+\n`));
    for (const option of COMMANDS[command].optional) {
      assertMatch(help, new RegExp(`${head(option)} +.+\\[default: (?!undefined).+\\]\n`));
    }
  }
});

Deno.test("the help of init shows the defaults of a new gateway, that of run refers to its file", () => {
  assertMatch(commandHelp("init"), /--mix-port <port>\n.*\[default: 1789\]/);
  assertMatch(commandHelp("run"), /--mix-port <port>\n.*\[default: as configured\]/);
  assertStringIncludes(commandHelp("run"), "[default: ~/.nym/gateways/<id>/config/config.toml]");
});

Deno.test("an option that is given without its name is explained without it", () => {
  assertMatch(commandHelp("completions"), /required:\n {4}<shell>\n +bash, zsh or fish\n/);
});

Deno.test("every variable that the program may read is explained, except those for the user's home", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const allowed: string[] = /--allow-env=(\S+)/.exec(tasks.run.command)![1]!.split(",");
  for (const name of allowed.filter((name) => !["HOME", "USERPROFILE"].includes(name))) {
    assertStringIncludes(GENERAL_HELP, name);
  }
});

Deno.test("general help names the commands", () => {
  assertMatch(GENERAL_HELP, /init {10}\S.*\n {4}run {11}\S/);
  assertMatch(GENERAL_HELP, /\n {4}mixnode {7}\S/);
  assertMatch(commandHelp("mixnode"), /commands:\n {4}init {10}\S/);
});
