import { join } from "node:path";
import { CHECKOUT, readProjectFile } from "./checkout.ts";

/** The entry points: the program, and the worker, which is loaded by URL and not imported. */
const ENTRIES = ["main.ts", "src/unwrapping/worker.ts"];

/** An npm package that is part of the executable. */
export interface Package {
  name: string;
  version: string;
  /** checksum as in deno.lock: "sha512-" and base64 */
  integrity: string;
  /** the packages of the same list that it needs, as "name@version" */
  dependencies: string[];
}

interface Lock {
  npm: Record<string, { integrity: string; dependencies?: string[] }>;
}

interface Graph {
  modules: { dependencies?: { specifier: string }[] }[];
}

/** The imports in deno.json that the gateway itself uses, not only its tests. */
export async function usedImports(): Promise<Record<string, string>> {
  const { imports } = await readProjectFile();
  const specifiers = (await Promise.all(ENTRIES.map(specifiersFrom))).flat();
  const isUsed = (name: string) => specifiers.some((used) => used === name || used.startsWith(`${name}/`));
  return Object.fromEntries(Object.entries(imports).filter(([name]) => isUsed(name)));
}

/** The packages of these imports and all their dependencies, in alphabetical order. */
export async function packagesOf(imports: Record<string, string>): Promise<Package[]> {
  const lock: Lock = JSON.parse(await Deno.readTextFile(join(CHECKOUT, "deno.lock")));
  const found = new Map<string, Package>();
  const add = (id: string) => {
    const locked = lock.npm[id];
    if (locked === undefined) throw new Error(`deno.lock does not contain ${id}`);
    if (found.has(id)) return;
    const dependencies = (locked.dependencies ?? []).map((name) => lockedId(name, lock));
    const at = id.lastIndexOf("@");
    found.set(id, { name: id.slice(0, at), version: id.slice(at + 1), integrity: locked.integrity, dependencies });
    dependencies.forEach(add);
  };
  for (const specifier of Object.values(imports)) add(/^npm:((?:@[^/]+\/)?[^/]+)/.exec(specifier)![1]!);
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

/** The id of a dependency. deno.lock omits its version if there is only one. */
function lockedId(name: string, lock: Lock): string {
  if (name in lock.npm) return name;
  const ids = Object.keys(lock.npm).filter((id) => id.slice(0, id.lastIndexOf("@")) === name);
  if (ids.length !== 1) throw new Error(`deno.lock has ${ids.length} versions of ${name}`);
  return ids[0]!;
}

/** The specifiers of all direct and indirect imports, as written in the sources. */
async function specifiersFrom(module: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", module],
    cwd: CHECKOUT,
  }).output();
  if (!success) throw new Error(`deno info ${module} failed: ${new TextDecoder().decode(stderr)}`);
  const { modules }: Graph = JSON.parse(new TextDecoder().decode(stdout));
  return modules.flatMap(({ dependencies = [] }) => dependencies.map(({ specifier }) => specifier));
}
