import { assertEquals, assertStringIncludes } from "@std/assert";
import { configurationDocument, PATH } from "../../scripts/document_configuration.ts";
import { COMMANDS, OPTIONS } from "../../src/cli/options.ts";
import { SECTIONS } from "../../src/config/parse.ts";

Deno.test("docs/configuration.md says what the program says", async () => {
  assertEquals(await Deno.readTextFile(PATH), configurationDocument(), "make it anew with `deno task docs`");
});

Deno.test("it has every key, every command and every option", () => {
  const text = configurationDocument();
  for (const [section, keys] of Object.entries(SECTIONS)) {
    const [, part = ""] = text.split(`## [${section}]\n`);
    for (const key of keys) assertStringIncludes(part.split("\n## ")[0]!, `### \`${key}\``);
  }
  assertStringIncludes(text.split("## [limits]\n")[1]!, 'What a "network" is: ');
  assertStringIncludes(text, "Default: `~/.nym/gateways/<id>/data/client_ledger.kv`.");
  for (const command of Object.keys(COMMANDS)) assertStringIncludes(text, `\n## ${command}\n`);
  for (const option of Object.keys(OPTIONS)) if (option !== "shell") assertStringIncludes(text, `--${option} <`);
});
