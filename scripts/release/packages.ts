import { join } from "node:path";
import { CHECKOUT, readProjectFile } from "./checkout.ts";

/** The program, and what is loaded by its URL while it runs, which nothing imports. */
const ENTRIES = ["main.ts", "src/unwrapping/worker.ts"];

/** A package that goes into the program. */
export interface Package {
  name: string;
  version: string;
  /** checksum as in deno.lock: "sha512-" and base64 */
  integrity: string;
  /** those of the same list that it needs, as "name@version" */
  dependencies: string[];
}

interface Lock {
  npm: Record<string, { integrity: string; dependencies?: string[] }>;
}

interface Graph {
  modules: { dependencies?: { specifier: string }[] }[];
}

/** The entries of deno.json's imports that the gateway uses, as opposed to its tests. */
export async function usedImports(): Promise<Record<string, string>> {
  const { imports } = await readProjectFile();
  const specifiers = (await Promise.all(ENTRIES.map(specifiersFrom))).flat();
  const isUsed = (name: string) => specifiers.some((used) => used === name || used.startsWith(`${name}/`));
  return Object.fromEntries(Object.entries(imports).filter(([name]) => isUsed(name)));
}

/** The packages behind these imports with those they need, in alphabetical order. */
export async function packagesOf(imports: Record<string, string>): Promise<Package[]> {
  const lock: Lock = JSON.parse(await Deno.readTextFile(join(CHECKOUT, "deno.lock")));
  const found = new Map<string, Package>();
  const add = (id: string) => {
    const locked = lock.npm[id];
    if (locked === undefined) throw new Error(`deno.lock does not have ${id}`);
    if (found.has(id)) return;
    const dependencies = (locked.dependencies ?? []).map((name) => lockedId(name, lock));
    const at = id.lastIndexOf("@");
    found.set(id, { name: id.slice(0, at), version: id.slice(at + 1), integrity: locked.integrity, dependencies });
    dependencies.forEach(add);
  };
  for (const specifier of Object.values(imports)) add(/^npm:((?:@[^/]+\/)?[^/]+)/.exec(specifier)![1]!);
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

/** The lock names a dependency without its version where there is only one. */
function lockedId(name: string, lock: Lock): string {
  if (name in lock.npm) return name;
  const ids = Object.keys(lock.npm).filter((id) => id.slice(0, id.lastIndexOf("@")) === name);
  if (ids.length !== 1) throw new Error(`deno.lock has ${ids.length} versions of ${name}`);
  return ids[0]!;
}

/** All that is imported, directly or not, as it is written in the sources. */
async function specifiersFrom(module: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", module],
    cwd: CHECKOUT,
  }).output();
  if (!success) throw new Error(`deno info ${module} failed: ${new TextDecoder().decode(stderr)}`);
  const { modules }: Graph = JSON.parse(new TextDecoder().decode(stdout));
  return modules.flatMap(({ dependencies = [] }) => dependencies.map(({ specifier }) => specifier));
}
