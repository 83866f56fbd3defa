import { assert, assertEquals } from "@std/assert";
import { findings } from "./english.ts";

/** What people read, and the code, whose comments and strings they read too. */
const READ = /\.(ts|md|sh|html|toml|rs|yml|service)$|^deno\.json$/;
/** Not ours to word, and the list itself. */
const EXEMPT = /^(tests\/vectors\/|LICENSE|tests\/docs\/english(_test)?\.ts$|.*Cargo\.toml$)/;

Deno.test("a phrase is found in any case, and over the lines of a comment or a string", () => {
  assertEquals(findings("fine\n * is TRIED\n   * on until"), ['2: "TRIED * on" (write: retry)']);
  assertEquals(findings('"it was over" +\n  "ruled"'), []);
  assertEquals(findings('throw new Error("a level that is " +\n  "none")').length, 1);
  assertEquals(findings("// if there is none, wait 5 ms\nentry on"), []);
});

Deno.test("CONTRIBUTING.md advises against phrases that this test finds", async () => {
  const text = await Deno.readTextFile(new URL("../../CONTRIBUTING.md", import.meta.url));
  const advised = Array.from(text.matchAll(/^\|[^|]*\|([^|]*)\|$/gm), ([, not]) => not!)
    .flatMap((cell) => Array.from(cell.matchAll(/“([^”]+)”/g), ([, phrase]) => phrase!));
  assert(advised.length >= 20, `${advised.length} phrases`);
  assertEquals(advised.filter((phrase) => findings(phrase).length === 0), []);
});

Deno.test("the project is written in plain English", async () => {
  const found: string[] = [];
  for (const path of await projectFiles()) {
    if (!READ.test(path) || EXEMPT.test(path)) continue;
    const text = await Deno.readTextFile(new URL(`../../${path}`, import.meta.url));
    const own = path === "CONTRIBUTING.md" ? text.replaceAll(/“[^”]+”/g, "“”") : text;
    found.push(...findings(own).map((finding) => `${path}:${finding}`));
  }
  assertEquals(found, []);
});

/** Paths of the files that git knows here, those not committed yet included. */
async function projectFiles(): Promise<string[]> {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard"],
    cwd: new URL("../../", import.meta.url),
  }).output();
  assert(success, "git lists the project's files");
  const paths = new TextDecoder().decode(stdout).split("\n").filter((path) => path !== "");
  const existing = await Promise.all(paths.map((path) => Deno.stat(path).then(() => true, () => false)));
  return paths.filter((_, i) => existing[i]);
}
