import { wrapped } from "../text/wrapped.ts";
import { type Config, KEYS, type NamedKey, valueOf } from "./config.ts";
import { SECTION_COMMENTS, SECTIONS } from "./sections.ts";
import { tomlValue } from "./toml.ts";

const HEADER = `The configuration of this nym-gateway, read when it starts and again on SIGHUP. The format is TOML
  (https://toml.io). Options of \`nym-gateway run\` override it. An unknown key is an error. Give absolute paths.`;

const WIDTH = 118;

/** The text of a config.toml, with a comment for each key. `parseConfig` returns an equal configuration. */
export function renderConfig(config: Config): string {
  const sections = (Object.keys(SECTIONS) as (keyof typeof SECTIONS)[]).map((name) => {
    const comment = SECTION_COMMENTS[name];
    const keys = KEYS.filter(({ section }) => section === name).map((key) => renderKey(config, key));
    return `[${name}]\n${[...comment === undefined ? [] : [asComment(comment)], ...keys].join("\n\n")}`;
  });
  return `${[asComment(HEADER), ...sections].join("\n\n")}\n`;
}

function renderKey(config: Config, key: NamedKey): string {
  return `${asComment(key.comment)}\n${key.name} = ${tomlValue(valueOf(config, key))}`;
}

function asComment(text: string): string {
  return wrapped(text, WIDTH).replace(/^/gm, "# ");
}
