import { assert, assertEquals } from "@std/assert";
import { COUNTERS, type Family, GAUGES, HISTOGRAMS, OPEN_CONNECTIONS } from "../../src/operator/metric_table.ts";

const SRC = new URL("../../src/", import.meta.url);
/** What has counters of its own, or none. */
const ELSEWHERE = ["sandbox", "peap", "operator", "config", "cli"];

/** Names that the sources count, and prefixes of those that are put together there, with where. */
function countedNames(): { names: Map<string, string>; prefixes: Map<string, string> } {
  const names = new Map<string, string>();
  const prefixes = new Map<string, string>();
  for (const path of sources("")) {
    const text = Deno.readTextFileSync(new URL(path, SRC));
    for (const argument of text.matchAll(/\b#?count\(([^()]*(?:\([^()]*\)[^()]*)*)\)/g)) {
      const [name] = argument;
      for (const [, literal] of name.matchAll(/"([a-z0-9_]+)"/g)) names.set(literal!, path);
      for (const [, prefix] of name.matchAll(/`([a-z0-9_]+)\$\{[^}]*\}`/g)) prefixes.set(prefix!, path);
    }
  }
  return { names, prefixes };
}

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, SRC))) {
    if (isDirectory && !ELSEWHERE.includes(name)) yield* sources(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}

Deno.test("whatever is counted has its metric", () => {
  const shown = new Set(COUNTERS.flatMap(({ series }) => Object.keys(series)));
  const { names, prefixes } = countedNames();
  assert(names.size > 25, `only ${names.size} counters were found in the sources`);
  const missing = [...names].filter(([name]) => !shown.has(name)).map(([name, path]) => `${name}, in ${path}`);
  assertEquals(missing, [], "src/operator/metric_table.ts doesn't have what is counted");
  // These are put together of a type whose members the table must have: the compiler sees to it.
  assertEquals([...prefixes.keys()].sort(), ["messages_refused_", "packets_dropped_"]);
});

Deno.test("names and labels follow Prometheus' conventions, and none comes twice", () => {
  const families: Family[] = [...COUNTERS, ...GAUGES];
  const all = [...families, ...OPEN_CONNECTIONS, ...Object.values(HISTOGRAMS)];
  for (const { name, help } of all) {
    assert(/^[a-z][a-z0-9_]*$/.test(name), name);
    assert(help.endsWith("."), help);
  }
  assertEquals(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name } of COUNTERS) assert(name.endsWith("_total"), name);
  for (const { name } of GAUGES) assert(!name.endsWith("_total"), name);
  for (const { name, label, series } of families) {
    const values = Object.values(series);
    assertEquals(new Set(values).size, values.length, name);
    assert(label === undefined ? values.join() === "" : values.every((value) => /^[a-z_]+$/.test(value)), name);
  }
  const ours = families.flatMap(({ series }) => Object.keys(series));
  assertEquals(new Set(ours).size, ours.length);
});
