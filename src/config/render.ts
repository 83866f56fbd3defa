import { wrapped } from "../text/wrapped.ts";
import { type AnyConfig, type NamedKey, type Table, valueOf } from "./config.ts";
import { tomlValue } from "./toml.ts";

const HEADERS = {
  gateway: `The configuration of this nym-gateway, read when it starts and again on SIGHUP. The format is TOML
    (https://toml.io). Options of \`nym-gateway run\` override it. An unknown key is an error. Give absolute paths.`,
  mixnode: `The configuration of this mixnode, read when it starts and again on SIGHUP. The format is TOML
    (https://toml.io). Options of \`nym-gateway mixnode run\` override it. Give absolute paths.`,
  directory: `The configuration of this directory, read when it starts and again on SIGHUP. The format is TOML
    (https://toml.io). Options of \`nym-gateway directory run\` override it. An unknown key is an error. Give absolute
    paths.`,
};

const WIDTH = 118;

/** The text of a config.toml, with a comment for each key. `parseTable` reads it back unchanged. */
export function renderTable<C extends AnyConfig>(table: Table<C>, config: C): string {
  const names = [...new Set(table.keys.map(({ section }) => section))];
  const sections = names.map((name) => {
    const comment = table.comments[name];
    const keys = table.keys.filter(({ section }) => section === name).map((key) => renderKey(config, key));
    return `[${name}]\n${[...comment === undefined ? [] : [asComment(comment)], ...keys].join("\n\n")}`;
  });
  return `${[asComment(HEADERS[table.program]), ...sections].join("\n\n")}\n`;
}

function renderKey(config: AnyConfig, key: NamedKey): string {
  return `${asComment(key.comment)}\n${key.name} = ${tomlValue(valueOf(config, key))}`;
}

function asComment(text: string): string {
  return wrapped(text, WIDTH).replace(/^/gm, "# ");
}
