/**
 * Writes docs/configuration.md, every key of config.toml and every option of every command, from the texts that the
 * program itself has: `deno task docs`
 */
import { type CommandName, COMMANDS, OPTIONS } from "../src/cli/options.ts";
import { defaultOf, ENVIRONMENT } from "../src/cli/help.ts";
import { defaultConfig } from "../src/config/config.ts";
import { isReloadable } from "../src/config/reloading.ts";
import { renderConfig } from "../src/config/render.ts";

export const PATH = new URL("../docs/configuration.md", import.meta.url);

/** The whole text. */
export function configurationDocument(): string {
  return `# Configuration

<!-- Made by scripts/document_configuration.ts from the texts of the program: change them there. -->

A gateway reads \`~/.nym/gateways/<id>/config/config.toml\` when it starts. \`init\` writes the file, with these comments in it.
What is not there has its default. What is not known is an error, and so is a value that can't be right:
\`nym-gateway check --id <id>\` says so before it matters. Options of \`run\` overrule the file.

With SIGHUP (\`systemctl reload\`, \`kill -HUP\`) a running gateway reads the file again, and takes over the keys marked ↻
without disturbing anyone. It says what needs a new start. A file with a mistake is refused, and the old one stays.

${sections()}

# Commands

${(Object.keys(COMMANDS) as CommandName[]).map(command).join("\n\n")}

# Environment

${ENVIRONMENT.map(({ name, meaning }) => `- \`${name.replaceAll(", ", "\`, \`")}\`: ${escaped(meaning)}`).join("\n")}
`;
}

/** The written file, section by section, as a list: what stands in the comment above a key is its explanation. */
function sections(): string {
  const blocks: string[] = [];
  let section = "";
  let comment: string[] = [];
  for (const line of renderConfig(defaultConfig("<id>", "~/.nym/gateways")).split("\n")) {
    const header = /^\[(\w+)\]$/.exec(line)?.[1];
    const [, key, value] = /^(\w+) = (.*)$/.exec(line) ?? [];
    if (line === "" && section !== "" && comment.length > 0) blocks.push(escaped(comment.join("\n"))); // on them all
    if (header !== undefined) {
      section = header;
      blocks.push(`## [${header}]`);
    } else if (line.startsWith("# ")) comment.push(line.slice(2));
    else if (key !== undefined) {
      const mark = isReloadable(`[${section}] ${key}`) ? " ↻" : "";
      blocks.push(`### \`${key}\`${mark}`, escaped(comment.join("\n")), `Default: \`${value}\``);
    }
    if (!line.startsWith("# ")) comment = [];
  }
  return blocks.filter((block) => block !== "").join("\n\n");
}

function command(name: CommandName): string {
  const { purpose, required, optional, argument } = COMMANDS[name];
  const lines = [...required, ...optional].map((option) => {
    const { value, meaning } = OPTIONS[option];
    const written = option === argument ? `<${option}>` : `--${option} <${value}>`;
    const note = required.includes(option) ? " Required." : ` Default: ${escaped(defaultOf(name, option))}.`;
    return `- \`${written}\`: ${escaped(meaning)}.${note}`;
  });
  return [`## ${name}`, escaped(purpose), lines.join("\n")].filter((block) => block !== "").join("\n\n");
}

/** Names and paths as code, and what Markdown would take for its own escaped. */
function escaped(text: string): string {
  return text.replace(/[^\s`"]+/g, (word) => {
    const [, before = "", core = "", after = ""] = /^(\(?)(.*?)([.,:;)\]]*)$/.exec(word)!;
    return /\w_\w|^~\//.test(core) ? `${before}\`${core}\`${after}` : word.replace(/[<>*]/g, "\\$&");
  });
}

if (import.meta.main) await Deno.writeTextFile(PATH, configurationDocument());
