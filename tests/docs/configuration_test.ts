import { assertEquals, assertStringIncludes } from "@std/assert";
import { configurationDocument, PATH } from "../../scripts/document_configuration.ts";
import { COMMANDS, usageOf } from "../../src/cli/options/commands.ts";
import { type OptionName, OPTIONS } from "../../src/cli/options/options.ts";
import { GATEWAY } from "../../src/config/config.ts";

Deno.test("docs/configuration.md says what the program says", async () => {
  assertEquals(await Deno.readTextFile(PATH), configurationDocument(), "run `deno task docs`");
});

Deno.test("it has every key, every command and every option", () => {
  const text = configurationDocument();
  for (const { section, name } of GATEWAY.keys) {
    const [, part = ""] = text.split(`## [${section}]\n`);
    assertStringIncludes(part.split("\n## ")[0]!, `### \`${name}\``);
  }
  assertStringIncludes(text, '## [limits]\n\nA "network" is ');
  assertStringIncludes(text, 'Value: a path. Default: `"~/.nym/gateways/<id>/data/inboxes"`. Option: `--inboxes`.');
  assertStringIncludes(text, "### `slow_client_bytes` ↻\n");
  assertStringIncludes(text, "Default: `~/.nym/gateways/<id>/data/client_ledger.kv`.");
  for (const command of Object.keys(COMMANDS)) assertStringIncludes(text, `\n## ${command}\n`);
  for (const option of Object.keys(OPTIONS) as OptionName[]) {
    if (option !== "shell" && option !== "key") assertStringIncludes(text, `- \`${usageOf(option)}\`: `);
  }
});
