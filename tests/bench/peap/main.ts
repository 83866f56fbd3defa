// deno-lint-ignore-file no-console -- a command
/**
 * What the client library costs, in each runtime: `deno task bench:peap`, with these options
 *
 *     --before <folder>    a checkout of 303ec11, to be measured too
 *     --node <program>     a Node, 22 or later; any number of them
 *
 * Writes ../results/peap.md.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Network } from "../../../src/sandbox/network.ts";
import { portsFrom } from "../../../src/sandbox/ports.ts";
import { setLogLevel } from "../../../src/logging/log.ts";
import { Chromium, hasChromium } from "../../operator/chromium.ts";
import { TemporaryFolder } from "../../support/temporary_folder.ts";
import { describeMachine } from "../machine.ts";
import type { Subject, Times } from "./client.ts";

/** Times, and the processor time (ms) that a minute of cover takes. */
type Figures = Times & { cover: number };
type Row = { where: string; build: string; figures: Figures };

/** Seconds of cover that are measured. */
const COVER_SECONDS = 10;
/** Of proc(5): processor times are in these. */
const TICKS_PER_SECOND = 100;
const CHECKOUT = new URL("../../../", import.meta.url).pathname;

const { values } = parseArgs({
  args: Deno.args,
  options: { before: { type: "string" }, node: { type: "string", multiple: true } },
});
setLogLevel("error");
using folder = new TemporaryFolder();
await using network = await Network.start(portsFrom(0), new AbortController().signal);

await bundle(join(CHECKOUT, "src/peap/mod.ts"), "now.js");
await bundle(join(CHECKOUT, "src/peap/kernel.ts"), "kernel.js");
await bundle(join(CHECKOUT, "src/tabs/mod.ts"), "tabs.js");
for (const name of ["client", "worker_script", "child"]) {
  await bundle(new URL(`${name}.ts`, import.meta.url).pathname, `${name}.js`, name === "child" ? "deno" : "browser");
}
if (values.before) await bundle(join(values.before, "src/peap/mod.ts"), "before.js");

/** What builds the packets, with the library's files at `base`. */
function subjects(base: string, hasBefore: boolean): Record<string, Subject> {
  const { directoryUrl: directory } = network;
  const now = { library: `${base}now.js`, isOld: false, directory };
  return {
    ...(hasBefore ? { "JavaScript, 303ec11": { library: `${base}before.js`, isOld: true, directory } } : {}),
    "JavaScript": now,
    "kernel": { ...now, kernel: `${base}kernel.js` },
  };
}

const rows: Row[] = [];
const runtimes = { [`Deno ${Deno.version.deno}`]: [Deno.execPath(), "run", "--no-lock", "--allow-all"] };
for (const node of values.node ?? []) runtimes[`Node ${(await output(node, "--version")).slice(1)}`] = [node];
for (const [where, [program, ...args]] of Object.entries(runtimes)) {
  for (const [build, subject] of Object.entries(subjects(`file://${folder.file("")}`, values.before !== undefined))) {
    const child = [...args, folder.file("child.js"), JSON.stringify(subject), `${COVER_SECONDS}`];
    add({ where, build, figures: JSON.parse(await output(program!, ...child)) });
  }
}
if (hasChromium()) await measureInChromium();
await Deno.writeTextFile(new URL("../results/peap.md", import.meta.url), await report());
Deno.exit();

async function measureInChromium(): Promise<void> {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const { pathname } = new URL(url);
    return pathname.endsWith(".js")
      ? new Response(await Deno.readFile(folder.file(pathname.slice(1))), {
        headers: { "content-type": "text/javascript" },
      })
      : new Response("<!DOCTYPE html><title>bench</title>", { headers: { "content-type": "text/html" } });
  });
  const base = `http://127.0.0.1:${server.addr.port}/`;
  await using chromium = await Chromium.start();
  await chromium.show(base, { width: 400, height: 300, isPhone: false, scheme: "light" });
  await chromium.until(`document.title === "bench"`);
  const version = (await chromium.call<{ product: string }>("Browser.getVersion")).product.split("/")[1]!.split(".")[0];
  const inPage = subjects(base, values.before !== undefined);
  const worker = { library: `${base}tabs.js`, worker: `${base}worker_script.js` };
  const places = {
    "page": inPage,
    "worker": Object.fromEntries(
      Object.entries(inPage).filter(([, { isOld }]) => !isOld).map((
        [name, subject],
      ) => [name, { ...subject, ...worker }]),
    ),
  };
  for (const [place, subjects] of Object.entries(places)) {
    for (const [build, subject] of Object.entries(subjects)) {
      const call = (what: string) => `import("${base}client.js").then((client) => client.${what})`;
      const json = JSON.stringify(subject);
      const times = await chromium.evaluate<Times>(call(`measure(${json})`));
      const cpu = async (traffic: string) => {
        await chromium.evaluate(call(`idle(${json}, "${traffic}").then((stop) => { globalThis.stop = stop; })`));
        const before = processorTimeOfChildren();
        await new Promise((resolve) => setTimeout(resolve, COVER_SECONDS * 1000));
        const spent = processorTimeOfChildren() - before;
        await chromium.evaluate("stop()");
        return spent * 60 / COVER_SECONDS;
      };
      const cover = await cpu("full") - await cpu("none");
      add({ where: `Chromium ${version}, ${place}`, build, figures: { ...times, cover } });
    }
  }
}

/** ms of this process's descendants: the browser's processes. */
function processorTimeOfChildren(): number {
  const processes = new Map<number, { parent: number; ticks: number }>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = Deno.readTextFileSync(`/proc/${name}/stat`).replace(/^.*\) /, "").split(" ");
      processes.set(Number(name), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
    } catch { /* it has ended */ }
  }
  const isOurs = (pid: number): boolean => {
    const parent = processes.get(pid)?.parent;
    return parent !== undefined && (parent === Deno.pid || isOurs(parent));
  };
  let ticks = 0;
  for (const [pid, process] of processes) if (isOurs(pid)) ticks += process.ticks;
  return ticks * 1000 / TICKS_PER_SECOND;
}

function add(row: Row): void {
  rows.push(row);
  console.error(line(row));
}

function line({ where, build, figures: { connect, messages, cover } }: Row): string {
  const ms = (value: number) => value < 10 ? value.toFixed(1) : `${Math.round(value)}`;
  const cells = messages.flatMap(({ sent, arrived }) => [`${ms(sent)} / ${ms(arrived)}`]);
  return `| ${[where, build, ms(connect), ...cells, ms(cover)].join(" | ")} |`;
}

async function report(): Promise<string> {
  const { processor, cores, kernel } = await describeMachine();
  return `# The client library

Written by \`deno task bench:peap\` on ${
    new Date().toISOString().slice(0, 10)
  }. Machine: ${processor}, ${cores} cores, ${kernel}.

A whole local mixnet on the same machine, whose mixnodes hold packets for no time, so that only work is seen, its own too; \`traffic:
"none"\` except for cover. Milliseconds, medians: to connect; for messages to oneself, until \`send\` has resolved / until
the message has arrived. The last column: milliseconds of processor that a minute of \`full\` traffic takes while nothing is
sent, measured for ${COVER_SECONDS} s; in Chromium of all its processes, less what a client without cover takes.
That difference is good to some hundred milliseconds. Load average at the end: ${
    Deno.loadavg()[0]!.toFixed(0)
  }; above the
number of cores, only comparisons within a runtime mean anything.

| where | packets built by | connect | 10 kB | 100 kB | 1 MB | cover, a minute |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
${rows.map(line).join("\n")}
`;
}

async function bundle(module: string, name: string, platform = "browser"): Promise<void> {
  const config = module.startsWith(CHECKOUT) ? join(CHECKOUT, "deno.json") : join(values.before!, "deno.json");
  const options = ["--config", config, "--quiet", "--platform", platform, "--output", folder.file(name)];
  await output(Deno.execPath(), "bundle", ...options, module);
}

async function output(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${text(stderr)}`);
  return text(stdout);
}
