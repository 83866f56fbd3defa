import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("page/main.ts", import.meta.url));

/**
 * The page's script with all that it imports, for browsers. The command bundles it when it starts, so nothing has to be
 * built. Needs Deno's `--unstable-bundle`. Throws an Error that says what is wrong with the sources.
 */
export async function bundlePage(): Promise<string> {
  const { success, outputFiles, errors } = await Deno.bundle({
    entrypoints: [SCRIPT],
    platform: "browser",
    minify: true,
    write: false,
  });
  if (!success) throw new Error(`Cannot bundle the page: ${errors.map(({ text }) => text).join("; ")}`);
  return outputFiles![0]!.text();
}
