import { assertEquals, assertStringIncludes } from "@std/assert";

const project = new URL("../../", import.meta.url);
const entries = [
  "src/peap/mod.ts",
  "src/peap/kernel.ts",
  "src/conversation/mod.ts",
  "src/tabs/mod.ts",
  "src/tabs/script.ts",
].map((entry) => new URL(entry, project).pathname);

Deno.test("the library uses only what browsers have", async () => {
  assertEquals(await checkForBrowsers(...entries), "");
});

Deno.test("the same check rejects a module that needs Deno", async () => {
  const module = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(module, "export const version: string = Deno.version.deno;");
  assertStringIncludes(await checkForBrowsers(module), "Cannot find name 'Deno'");
  await Deno.remove(module);
});

Deno.test("the library imports no built-in modules", async () => {
  for (const entry of entries) {
    const modules = JSON.parse(await deno("info", "--json", "--no-lock", entry)).modules as { specifier: string }[];
    assertEquals(modules.filter(({ specifier }) => /^(?:node|ext|jsr|https?):/.test(specifier)), []);
  }
});

/** The errors of the type checker when it knows only the language and the browsers' APIs. */
async function checkForBrowsers(...modules: string[]): Promise<string> {
  const { compilerOptions, imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", project)));
  const config = await Deno.makeTempFile({ suffix: ".json" });
  const lib = ["dom", "dom.iterable", "dom.asynciterable", "esnext"];
  await Deno.writeTextFile(config, JSON.stringify({ compilerOptions: { ...compilerOptions, lib }, imports }));
  try {
    await deno("check", "--quiet", "--no-lock", "--config", config, ...modules);
    return "";
  } catch (error) {
    return (error as Error).message;
  } finally {
    await Deno.remove(config);
  }
}

/** The command's standard output. Throws an error with its standard error if it fails. */
async function deno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
