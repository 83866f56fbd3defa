/**
 * Writes docs/configuration.md, every key of config.toml and every option of every command, from the texts that the
 * program itself has: `deno task docs`
 */
import { type CommandName, COMMANDS, OPTIONS, usageOf } from "../src/cli/options.ts";
import { defaultOf, ENVIRONMENT } from "../src/cli/help.ts";
import { defaultConfig, KEYS, type NamedKey, valueOf } from "../src/config/config.ts";
import { SECTION_COMMENTS, SECTIONS } from "../src/config/sections.ts";
import { tomlValue } from "../src/config/toml.ts";
import { wrapped } from "../src/text/wrapped.ts";

export const PATH = new URL("../docs/configuration.md", import.meta.url);

/** The whole text. */
export function configurationDocument(): string {
  return `# Configuration

<!-- Made by scripts/document_configuration.ts from the texts of the program: change them there. -->

A gateway reads \`~/.nym/gateways/<id>/config/config.toml\` when it starts. \`init\` writes the file, with these comments in it.
What is not there has its default. What is not known is an error, and so is a value that can't be right:
\`nym-gateway check --id <id>\` says so before it matters. Options of \`run\` override the file.

With SIGHUP (\`systemctl reload\`, \`kill -HUP\`) a running gateway reads the file again, and takes over the keys marked ↻
without disturbing anyone. It says what takes a restart. A file with a mistake is refused, and the old one stays.

${(Object.keys(SECTIONS) as (keyof typeof SECTIONS)[]).map(section).join("\n\n")}

# Commands

${(Object.keys(COMMANDS) as CommandName[]).map(command).join("\n\n")}

# Environment

${ENVIRONMENT.map(({ name, meaning }) => `- \`${name.replaceAll(", ", "\`, \`")}\`: ${escaped(meaning)}`).join("\n")}
`;
}

const DEFAULTS = defaultConfig("<id>", "~/.nym/gateways");

function section(name: keyof typeof SECTIONS): string {
  const comment = SECTION_COMMENTS[name];
  return [
    `## [${name}]`,
    ...comment === undefined ? [] : [prose(comment)],
    ...KEYS.filter(({ section }) => section === name).map(explained),
  ].join("\n\n");
}

function explained(key: NamedKey): string {
  const { name, kind, option, reloadable, comment } = key;
  const facts = [
    `Value: ${escaped(kind.description)}.`,
    `Default: \`${tomlValue(valueOf(DEFAULTS, key))}\`.`,
    ...option === undefined ? [] : [`Option: \`--${option}\`.`],
  ];
  return [`### \`${name}\`${reloadable === undefined ? "" : " ↻"}`, prose(comment), facts.join(" ")].join("\n\n");
}

function prose(comment: string): string {
  return escaped(wrapped(comment, 120));
}

function command(name: CommandName): string {
  const { purpose, required, optional, argument } = COMMANDS[name];
  const lines = [...required, ...optional].map((option) => {
    const written = option === argument ? `<${option}>` : usageOf(option);
    const note = required.includes(option) ? " Required." : ` Default: ${escaped(defaultOf(name, option))}.`;
    return `- \`${written}\`: ${escaped(OPTIONS[option].meaning)}.${note}`;
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
