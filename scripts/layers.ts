// deno-lint-ignore-file no-console -- a command
/**
 * Checks that each folder of src/ imports only the folders that it may import, from the module graph on standard input:
 * `deno info --json main.ts | deno run scripts/layers.ts`
 */

/** For each folder of src/, from the bottom up: the other folders that its files may import. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  addresses: [],
  build: [],
  counting: [],
  encoding: [],
  files: [],
  signals: [],
  text: [],
  timing: [],
  errors: ["text"],
  logging: ["files", "text"],
  sphinx: ["addresses"],
  protocol: ["addresses", "encoding", "sphinx"],
  proxies: ["addresses"],
  limits: ["addresses", "timing"],
  serving: ["addresses", "timing"],
  replay: ["counting", "files", "logging"],
  tls: ["errors", "files", "logging"],
  unwrapping: ["logging", "sphinx", "text", "timing"],
  mailbox: ["counting", "encoding", "files", "logging", "sphinx", "text", "timing"],
  postgresql: ["addresses", "counting", "logging", "mailbox", "timing"],
  archive: ["files", "mailbox"],
  mixnet: ["addresses", "counting", "limits", "logging", "proxies", "sphinx", "timing"],
  directory: ["addresses", "encoding", "errors", "files", "logging", "protocol", "text", "timing"],
  config: ["addresses", "encoding", "errors", "files", "logging", "sphinx", "text"],
  clients: [
    "addresses",
    "counting",
    "encoding",
    "limits",
    "logging",
    "mailbox",
    "protocol",
    "proxies",
    "serving",
    "sphinx",
    "timing",
  ],
  operator: ["addresses", "config", "counting", "logging", "serving"],
  node: [
    "addresses",
    "build",
    "config",
    "counting",
    "errors",
    "limits",
    "logging",
    "mixnet",
    "operator",
    "proxies",
    "replay",
    "sphinx",
    "text",
    "tls",
    "unwrapping",
  ],
  cli: [
    "addresses",
    "archive",
    "build",
    "config",
    "directory",
    "encoding",
    "errors",
    "files",
    "limits",
    "logging",
    "mailbox",
    "postgresql",
    "protocol",
    "proxies",
    "signals",
    "sphinx",
    "text",
    "tls",
  ],
  gateway: [
    "addresses",
    "build",
    "clients",
    "config",
    "counting",
    "directory",
    "encoding",
    "errors",
    "limits",
    "logging",
    "mailbox",
    "mixnet",
    "node",
    "operator",
    "postgresql",
    "proxies",
    "replay",
    "sphinx",
    "text",
    "tls",
    "unwrapping",
  ],
  mixnode: [
    "addresses",
    "build",
    "config",
    "counting",
    "directory",
    "encoding",
    "errors",
    "files",
    "logging",
    "mixnet",
    "node",
    "operator",
    "replay",
    "sphinx",
    "text",
  ],
  directory_server: [
    "addresses",
    "clients",
    "config",
    "counting",
    "directory",
    "encoding",
    "errors",
    "files",
    "limits",
    "logging",
    "mailbox",
    "node",
    "operator",
    "protocol",
    "proxies",
    "serving",
    "sphinx",
    "text",
    "tls",
  ],
  peap: ["addresses", "encoding", "protocol", "sphinx", "timing"],
  conversation: ["peap", "timing"],
  tabs: ["peap", "timing"],
  sandbox: [
    "addresses",
    "build",
    "config",
    "counting",
    "directory_server",
    "encoding",
    "gateway",
    "logging",
    "mailbox",
    "mixnet",
    "mixnode",
    "operator",
    "peap",
    "postgresql",
    "protocol",
    "signals",
    "sphinx",
    "text",
    "timing",
    "tls",
  ],
  chat: ["addresses", "conversation", "limits", "logging", "mixnet", "peap", "sandbox", "signals", "tabs", "timing"],
};

interface Graph {
  modules: { specifier: string; local?: string; dependencies?: { code?: { specifier?: string } }[] }[];
}

const root = new URL("../src/", import.meta.url).href;

/** The folder of src/ that contains a module (for a module directly in src/, its file name); undefined outside src/. */
function folderOf(specifier: string): string | undefined {
  return specifier.startsWith(root) ? specifier.slice(root.length).split("/")[0] : undefined;
}

const graph: Graph = JSON.parse(await new Response(Deno.stdin.readable).text());
let imports = 0;
let faults = 0;
for (const { specifier, dependencies = [] } of graph.modules) {
  const from = folderOf(specifier);
  if (from === undefined) continue;
  if (!(from in ALLOWED)) {
    console.error(`${specifier.slice(root.length)}: scripts/layers.ts has no rule for ${from}`);
    faults++;
  }
  for (const { code } of dependencies) {
    const to = code?.specifier === undefined ? undefined : folderOf(code.specifier);
    if (to === undefined) continue;
    imports++;
    if (from === to || ALLOWED[from]?.includes(to)) continue;
    console.error(
      `${specifier.slice(root.length)} imports ${code!.specifier!.slice(root.length)}: ${from} may not import ${to}`,
    );
    faults++;
  }
}
if (imports === 0) {
  console.error("the module graph has no imports in src/: was it created in the project's folder?");
  faults++;
}
console.log(`layers: ${imports} imports checked, ${faults} faults`);
Deno.exit(faults === 0 ? 0 : 1);
