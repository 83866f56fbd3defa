import { assert, assertEquals } from "@std/assert";
import { packagePeap } from "../../scripts/package_peap.ts";
import { setLogLevel } from "../../src/logging/log.ts";
import { Network } from "../../src/sandbox/network.ts";
import { portsFrom } from "../../src/sandbox/ports.ts";
import { quietPort } from "../support/quiet_port.ts";
import { Chromium, hasChromium } from "../operator/chromium.ts";
import { sideBySide } from "../support/side_by_side.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

setLogLevel("error");

/** Bytes of an entry, minified and compressed. A page pays for them; raise these only for a reason. */
const MOST_BYTES = { "peap/mod.ts": 40_000, "tabs/mod.ts": 5_000 };
const EXAMPLES = new URL("../../examples/peap/", import.meta.url).pathname;
const SOURCES = new URL("../../src/", import.meta.url).pathname;

/** A program that uses all of the package's types, as a cautious project compiles it. */
const PROGRAM = `
import { type Credentials, MemoryStore, Peap, PeapError, type PeapOptions, type Status } from "@nym-gateway/peap";
import { type ConversationEvent, Conversations } from "@nym-gateway/peap/conversation";
import { FileStore } from "@nym-gateway/peap/file-store";
import { loadKernel } from "@nym-gateway/peap/kernel";
import { SharedPeap, type SharedPeapOptions } from "@nym-gateway/peap/worker";
import { serveTabs } from "@nym-gateway/peap/worker-script";
const given: Credentials | undefined = undefined;
const options: PeapOptions = { directory: "http://127.0.0.1", credentials: given, store: new MemoryStore() };
export async function main(show: (what: unknown) => void): Promise<void> {
  const client: Peap = await Peap.connect({ ...options, kernel: await loadKernel(), trace: ({ type }) => show(type) });
  await client.send(client.address, new Uint8Array(3), { signal: undefined, onProgress: ({ sent }) => show(sent) });
  for await (const message of client) show([message.id, message.text(), message.data.length]);
  for await (const status of client.status()) {
    const { state }: Status = status;
    if (status.state === "reconnecting") show([state, status.in, status.cause.retryable]);
  }
  const conversations: Conversations = await Conversations.open(client, { store: await FileStore.open("store") });
  await conversations.send(await conversations.accept(await conversations.invite()), "hello");
  for await (const event of conversations) {
    const { type, peer }: ConversationEvent = event;
    show([type, peer, event.type === "message" ? event.data.length : event.peer]);
  }
  serveTabs(() => Peap.connect(options));
  const shared: SharedPeapOptions = { script: "worker.js", name: undefined };
  const inTab: SharedPeap = await SharedPeap.connect(shared);
  for await (const message of inTab) show([inTab.address, inTab.state, message.text()]);
  await client[Symbol.asyncDispose]().catch((error: unknown) => show(error instanceof PeapError && error.kind));
}
`;
const COMPILER_OPTIONS = {
  target: "es2022",
  lib: ["es2022"], // no DOM, and no AsyncDisposable
  types: [],
  module: "nodenext",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  skipLibCheck: false,
  noEmit: true,
};

/** A Node that the library supports; undefined if there is none. NYM_NODE names another than the one on the PATH. */
const NODE = await findNode(Deno.env.get("NYM_NODE") ?? "node");

async function findNode(program: string): Promise<string | undefined> {
  try {
    const version = await output(".", program, "--version");
    return Number(/^v(\d+)/.exec(version)?.[1]) >= 22 ? program : undefined;
  } catch {
    return undefined;
  }
}

const hasNpm = await output(".", "npm", "--version").then(() => true, () => false);

/** A command's standard output, without white space around it. Throws an error with what it said if it fails. */
async function output(cwd: string, program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, stdin: "null" }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${text(stdout)} ${text(stderr)}`);
  return text(stdout);
}

const deno = (cwd: string, ...args: string[]) => output(cwd, Deno.execPath(), ...args);

for (const [entry, most] of Object.entries(MOST_BYTES)) {
  Deno.test(`${entry} and all that it imports has at most ${most} bytes, minified and compressed`, async () => {
    using folder = new TemporaryFolder();
    const bundle = folder.file("bundle.js");
    await deno(".", "bundle", "--quiet", "--minify", "--platform", "browser", SOURCES + entry, "--output", bundle);
    const compressed = (await Deno.open(bundle)).readable.pipeThrough(new CompressionStream("gzip"));
    const { byteLength } = await new Response(compressed).arrayBuffer();
    assert(byteLength <= most, `${byteLength} bytes`);
  });
}

const missing = [
  ...hasNpm ? [] : ["npm"],
  ...NODE ? [] : ["Node 22 or later; NYM_NODE names one"],
  ...hasChromium() ? [] : ["Chromium"],
];
const skipped = missing.length === 0 ? "" : ` (in part: no ${missing.join(", no ")})`;

Deno.test(`the packages for JSR and npm are made from one source, and the examples run${skipped}`, async () => {
  using folder = new TemporaryFolder();
  const packing = packagePeap(folder.file("packages"));
  await using network = await Network.start(portsFrom(quietPort(6)), new AbortController().signal);
  const { jsr, npm } = await packing;
  const { url } = network.directory;
  const application = folder.file("application");
  await Deno.mkdir(application);

  await sideBySide({
    async "JSR accepts it"() {
      await deno(jsr, "publish", "--dry-run", "--allow-dirty", "--no-check", "--quiet");
    },

    async Deno() {
      const config = JSON.parse(await Deno.readTextFile(`${jsr}/deno.json`));
      const imports = { ...config.imports };
      for (const [entry, file] of Object.entries(config.exports)) {
        imports[config.name + entry.slice(".".length)] = `${jsr}/${file}`;
      }
      await Deno.writeTextFile(folder.file("deno.json"), JSON.stringify({ imports }));
      for (const [example, greeting] of [["deno.ts", "hello from Deno"], ["conversation.ts", "hello from Bob"]]) {
        const run = ["run", "--no-lock", "--config", folder.file("deno.json"), "--allow-net", EXAMPLES + example, url];
        assertEquals(await deno(".", ...run), greeting);
      }
    },

    async "npm's manifest says what it needs"() {
      const { type, sideEffects, engines, exports } = JSON.parse(await Deno.readTextFile(`${npm}/package.json`));
      assertEquals([type, sideEffects, engines], ["module", false, { node: ">=22" }]);
      for (
        const path of [
          ...Object.values<string>(exports["."]),
          ...Object.values<string>(exports["./kernel"]),
          ...Object.values<string>(exports["./worker"]),
          ...Object.values<string>(exports["./worker-script"]),
          "README.md",
          "LICENSE",
        ]
      ) {
        assert((await Deno.stat(`${npm}/${path}`)).size > 0, path);
      }
    },

    async "npm installs it into an empty folder"() {
      if (!hasNpm) return;
      await Deno.writeTextFile(`${application}/package.json`, `{"private":true,"type":"module"}`);
      // --install-links: packed and unpacked as from a registry, not linked
      const quietly = ["--prefer-offline", "--no-audit", "--no-fund", "--silent"];
      await output(application, "npm", "install", "--install-links", ...quietly, npm);
      assert(!(await Deno.lstat(`${application}/node_modules/@nym-gateway/peap`)).isSymlink);
      await sideBySide({
        "its types need only ES2022": () => compile(application),
        Node: () => runInNode(application, url),
        "a page, bundled by esbuild": () => runInPage(application, url),
      });
    },
  });
});

/** Compiles a program with its package, and all of the package's types. */
async function compile(application: string): Promise<void> {
  await Deno.writeTextFile(`${application}/use.ts`, PROGRAM);
  const config = { compilerOptions: COMPILER_OPTIONS, files: ["use.ts"] };
  await Deno.writeTextFile(`${application}/tsconfig.json`, JSON.stringify(config));
  const permissions = ["--allow-read", "--allow-env", "--allow-sys"];
  await deno(".", "run", ...permissions, "npm:typescript@5.9.3/tsc", "-p", application);
}

async function runInNode(application: string, directory: string): Promise<void> {
  if (!NODE) return;
  await Deno.copyFile(`${EXAMPLES}node.mjs`, `${application}/node.mjs`);
  assertEquals(await output(application, NODE, "node.mjs", directory), "hello from Node");
}

async function runInPage(application: string, directory: string): Promise<void> {
  if (!hasChromium()) return;
  await Deno.copyFile(`${EXAMPLES}browser.js`, `${application}/browser.js`);
  const bundle = ["--quiet", "--minify", "--platform", "browser", "browser.js", "--output", "browser.bundle.js"];
  await deno(application, "bundle", ...bundle); // which is esbuild
  const [page, script] = [`${EXAMPLES}browser.html`, `${application}/browser.bundle.js`];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    return url.includes("browser.bundle.js")
      ? new Response(await Deno.readFile(script), { headers: { "content-type": "text/javascript" } })
      : new Response(await Deno.readFile(page), { headers: { "content-type": "text/html" } });
  });
  await using chromium = await Chromium.start();
  const address = `http://127.0.0.1:${server.addr.port}/?directory=${encodeURIComponent(directory)}`;
  await chromium.show(address, { width: 400, height: 300, isPhone: false, scheme: "light" });
  const shown = `document.querySelector("output")?.textContent`;
  await chromium.until(`!/on its way/.test(${shown} ?? "on its way")`, 60_000);
  assertEquals([await chromium.evaluate(shown), chromium.errors], ["hello from a page", []]);
}
