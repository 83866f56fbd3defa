// deno-lint-ignore-file no-console -- a command
/**
 * Packs the client library for JSR and npm, from one source: `deno task package`, with this option
 *
 *     --output <folder>    where to [default: dist/peap]
 *
 * `<folder>/jsr` is for `deno publish`; `<folder>/npm` is for `npm publish`, and `npm pack` makes a tarball of it.
 */
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import project from "../deno.json" with { type: "json" };

const CHECKOUT = resolve(import.meta.dirname!, "..");
const NAME = "@nym-gateway/peap";
/** What can be imported from the package, as the examples here import it: `.` is `@nym-gateway/peap`. */
const ENTRIES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(project.imports).filter(([name]) => name.startsWith(NAME))
    .map(([name, file]) => [`.${name.slice(NAME.length)}`, file]),
);
const README = "src/peap/README.md";

/** What npm needs to know beyond what `deno pack` writes. */
const NPM_FIELDS = {
  description: "Messages through a mixnet: a client library for browsers, Node and Deno",
  keywords: ["mixnet", "nym", "sphinx", "privacy", "messaging"],
  engines: { node: ">=22" },
  sideEffects: false,
};

/** `AsyncDisposable` is younger than the libraries that many projects compile against. */
const DISPOSABLE = '/// <reference lib="esnext.disposable" />\n';

/** The folders that a package can be published from. */
export interface Packages {
  /** for `deno publish` */
  readonly jsr: string;
  /** for `npm publish` */
  readonly npm: string;
}

/** Writes both packages into `folder`, which is emptied first. */
export async function packagePeap(folder: string): Promise<Packages> {
  await Deno.remove(folder, { recursive: true }).catch(() => {}); // there may be none
  const packages = { jsr: join(folder, "jsr"), npm: join(folder, "npm") };
  await copySources(packages.jsr);
  const archive = join(folder, "packed.tgz");
  await run(packages.jsr, Deno.execPath(), "pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", archive);
  await run(folder, "tar", "-xzf", archive); // into a folder `package`
  await Deno.rename(join(folder, "package"), packages.npm);
  await Deno.remove(archive);
  await completeForNpm(packages);
  return packages;
}

/** The modules that the entries need, with what describes the package. */
async function copySources(jsr: string): Promise<void> {
  const names = new Set<string>();
  const packages = new Set<string>();
  for (const entry of Object.values(ENTRIES)) {
    const graph = JSON.parse(await run(CHECKOUT, Deno.execPath(), "info", "--json", entry)) as {
      modules: { local?: string; dependencies?: { specifier: string }[] }[];
    };
    for (const { local, dependencies = [] } of graph.modules) {
      if (local?.startsWith(`${CHECKOUT}/`)) names.add(local.slice(CHECKOUT.length + 1));
      for (const { specifier } of dependencies) packages.add(specifier.split("/").slice(0, 2).join("/"));
    }
  }
  for (const name of names) {
    await Deno.mkdir(join(jsr, dirname(name)), { recursive: true });
    await Deno.copyFile(join(CHECKOUT, name), join(jsr, name));
  }
  await Deno.copyFile(join(CHECKOUT, README), join(jsr, "README.md"));
  await Deno.copyFile(join(CHECKOUT, "LICENSE"), join(jsr, "LICENSE"));
  const { version, license, imports, compilerOptions } = project;
  const used = Object.fromEntries(Object.entries(imports).filter(([name]) => packages.has(name)));
  const config = { name: NAME, version, license, exports: ENTRIES, imports: used, compilerOptions };
  await Deno.writeTextFile(join(jsr, "deno.json"), JSON.stringify(config, null, 2));
}

async function completeForNpm({ jsr, npm }: Packages): Promise<void> {
  for (const name of ["README.md", "LICENSE"]) await Deno.copyFile(join(jsr, name), join(npm, name));
  const manifest = join(npm, "package.json");
  const fields = JSON.parse(await Deno.readTextFile(manifest));
  await Deno.writeTextFile(manifest, JSON.stringify({ ...fields, ...NPM_FIELDS }, null, 2));
  for (const name of ["src/peap/peap.d.ts", "src/conversation/conversations.d.ts", "src/tabs/shared_peap.d.ts"]) {
    const types = join(npm, name);
    await Deno.writeTextFile(types, DISPOSABLE + await Deno.readTextFile(types));
  }
}

/** Runs a command in a folder; its output. Throws an error with what it said if it fails. */
async function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, cwd }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${command} ${args.join(" ")} failed: ${text(stderr)}`);
  return text(stdout);
}

if (import.meta.main) {
  const { values } = parseArgs({ args: Deno.args, options: { output: { type: "string" } } });
  const packages = await packagePeap(resolve(values.output ?? join(CHECKOUT, "dist", "peap")));
  const tarball = await run(packages.npm, "npm", "pack", "--silent");
  console.log(`${packages.jsr}: deno publish --dry-run --allow-dirty\n${join(packages.npm, tarball.trim())}`);
}
