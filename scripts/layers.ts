// deno-lint-ignore-file no-console -- its output is its purpose
/**
 * Checks who may import whom, from the module graph on standard input:
 * `deno info --json main.ts | deno run scripts/layers.ts`
 */

/** A folder or file of src/ (the longest that fits counts), and what of src/ it may import besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "sphinx": [],
  "encoding": [],
  "logging": ["one_line.ts"],
  "one_line.ts": [],
  "units.ts": [],
  "log.ts": ["logging"],
  "version.ts": [],
  "build_stamp.ts": [],
  "build_info.ts": ["build_stamp.ts", "version.ts"],
  "operator_error.ts": ["one_line.ts"],
  "operator": ["log.ts", "sphinx", "encoding", "pause.ts"],
  "config": ["sphinx", "encoding", "log.ts", "operator_error.ts"],
  "limits": ["sphinx", "pause.ts"],
  "mixnet": ["sphinx", "encoding", "log.ts", "limits", "backoff.ts", "pause.ts"],
  "unwrapping": ["sphinx", "encoding", "log.ts"],
  "mailbox": ["sphinx", "encoding", "log.ts"],
  "replay": ["log.ts"],
  "archive": [],
  "clients": ["sphinx", "encoding", "log.ts", "limits", "mailbox", "pause.ts"],
  "clients/proof.ts": ["sphinx", "encoding"],
  "directory": ["sphinx", "encoding", "log.ts", "operator_error.ts", "backoff.ts", "pause.ts", "bounded_body.ts"],
  "bounded_body.ts": [],
  "backoff.ts": [],
  "pause.ts": [],
  "directory/topology.ts": ["sphinx", "encoding"],
  "peap": ["sphinx", "encoding", "backoff.ts", "pause.ts", "directory/topology.ts", "clients/proof.ts"],
  "listening.ts": ["sphinx", "operator_error.ts"],
  "vital_signs.ts": ["*"],
  "tls": ["sphinx", "log.ts", "operator_error.ts"],
  "clients_entrance.ts": ["*"],
  "arrivals.ts": ["*"],
  "limits_in_force.ts": ["*"],
  "gateway.ts": ["*"],
  "cli": [
    "config",
    "directory",
    "mailbox",
    "limits",
    "units.ts",
    "bounded_body.ts",
    "archive",
    "tls",
    "sphinx",
    "encoding",
    "log.ts",
    "version.ts",
    "build_info.ts",
    "operator_error.ts",
  ],
  "sandbox": ["*"],
};

interface Graph {
  modules: { specifier: string; local?: string; dependencies?: { code?: { specifier?: string } }[] }[];
}

const root = new URL("../src/", import.meta.url).href;

/** The part of the program that a module belongs to, or undefined for what is not in src/. */
function partOf(specifier: string): string | undefined {
  if (!specifier.startsWith(root)) return undefined;
  const path = specifier.slice(root.length);
  const parts = Object.keys(ALLOWED).filter((part) => path === part || path.startsWith(`${part}/`));
  return parts.sort((a, b) => b.length - a.length)[0] ?? path;
}

function mayImport(from: string, to: string): boolean {
  const allowed = ALLOWED[from] ?? [];
  const isWithin = (part: string) => to === part || to.startsWith(`${part}/`);
  return allowed.includes("*") || isWithin(from) || from.startsWith(`${to}/`) || allowed.some(isWithin);
}

const graph: Graph = JSON.parse(await new Response(Deno.stdin.readable).text());
let imports = 0;
let faults = 0;
for (const { specifier, dependencies = [] } of graph.modules) {
  const from = partOf(specifier);
  if (from === undefined) continue;
  if (!(from in ALLOWED)) {
    console.error(`${specifier.slice(root.length)}: no layer is named for it in scripts/layers.ts`);
    faults++;
  }
  for (const { code } of dependencies) {
    const to = code?.specifier === undefined ? undefined : partOf(code.specifier);
    if (to === undefined) continue;
    imports++;
    if (mayImport(from, to)) continue;
    console.error(
      `${specifier.slice(root.length)} imports ${code!.specifier!.slice(root.length)}: ${from} may not import ${to}`,
    );
    faults++;
  }
}
if (imports === 0) {
  console.error("the module graph holds no import of src/: was it made from the project's folder?");
  faults++;
}
console.log(`layers: ${imports} imports checked, ${faults} faults`);
Deno.exit(faults === 0 ? 0 : 1);
