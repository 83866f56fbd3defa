import { assertEquals, assertStringIncludes } from "@std/assert";

const project = new URL("../../", import.meta.url);
const library = new URL("src/peap/mod.ts", project).pathname;

Deno.test("the library needs nothing that browsers don't have", async () => {
  assertEquals(await checkForBrowsers(library), "");
});

Deno.test("a module that needs Deno is found out by the same check", async () => {
  const module = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(module, "export const version: string = Deno.version.deno;");
  assertStringIncludes(await checkForBrowsers(module), "Cannot find name 'Deno'");
  await Deno.remove(module);
});

Deno.test("the library imports no built-in modules", async () => {
  const modules = JSON.parse(await deno("info", "--json", "--no-lock", library)).modules as { specifier: string }[];
  assertEquals(modules.filter(({ specifier }) => /^(?:node|ext|jsr|https?):/.test(specifier)), []);
});

/** The errors that the type checker finds when it is told of nothing but the language and the browsers' API. */
async function checkForBrowsers(module: string): Promise<string> {
  const { compilerOptions, imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", project)));
  const config = await Deno.makeTempFile({ suffix: ".json" });
  const lib = ["dom", "dom.iterable", "dom.asynciterable", "esnext"];
  await Deno.writeTextFile(config, JSON.stringify({ compilerOptions: { ...compilerOptions, lib }, imports }));
  try {
    await deno("check", "--quiet", "--no-lock", "--config", config, module);
    return "";
  } catch (error) {
    return (error as Error).message;
  } finally {
    await Deno.remove(config);
  }
}

/** What the command prints; throws an error with what it complains of. */
async function deno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}
