import { assert, assertEquals } from "@std/assert";
import { bundle } from "../../scripts/release/compile.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

/** Names of files that are loaded on demand, or that several of these share. */
const PART = /^\w+-[0-9A-Z]{8}\.js$/;

/** The files of a bundle that was built in temporary folders within `folder`. */
async function bundledIn(folder: string): Promise<Record<string, string>> {
  await using bundled = await bundle(folder);
  const files = [...Deno.readDirSync(bundled.path)].map(({ name }) => name).sort();
  return Object.fromEntries(files.map((name) => [name, Deno.readTextFileSync(`${bundled.path}/${name}`)]));
}

Deno.test("the bundle is the same wherever it is built, and contains no path of the builder", async () => {
  using folder = new TemporaryFolder();
  const deeper = folder.file("a/folder");
  Deno.mkdirSync(deeper, { recursive: true });
  const [one, other] = [await bundledIn(folder.path), await bundledIn(deeper)];
  const [parts, whole] = [
    Object.keys(one).filter((name) => PART.test(name)),
    Object.keys(one).filter((name) => !PART.test(name)),
  ];
  assertEquals(whole, ["kernel.wasm", "kernel_wide.wasm", "main.js", "worker.ts"]);
  assertEquals(parts, Object.keys(other).filter((name) => PART.test(name)));
  assert(!one["main.js"]!.includes("node_modules/postgres") && parts.some((name) => one[name]!.includes("/postgres/")));
  assert(Object.values(one).some((content) => content.includes("// src/gateway/gateway.ts")));
  for (const [name, content] of Object.entries(one)) {
    // What watches a local mixnet is not in the program.
    for (const folder of ["src/chat/", "src/sandbox/"]) assert(!content.includes(folder), `${name} has ${folder}`);
    assert(content === other[name], `${name} differs`);
    // Deno keeps packages in a folder npm/ with a folder for each registry.
    for (const trace of [folder.path, "../", "nym-gateway-compile", Deno.env.get("HOME") || "/root", "/npm/registry"]) {
      if (!name.endsWith(".wasm")) {
        const line = content.split("\n").find((line) => line.includes(trace) && /\/\/ |^ {2}"/.test(line));
        assertEquals(line, undefined, `${name} contains ${trace}`);
      }
    }
  }
});
