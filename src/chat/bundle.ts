import { fileURLToPath } from "node:url";

/** The scripts of the page, with all that they import, for browsers. */
export interface PageScripts {
  /** of a window */
  readonly page: string;
  /** of the worker with its client */
  readonly client: string;
}

/**
 * Bundles the page's scripts. The command does so when it starts, so nothing has to be built. Needs Deno's
 * `--unstable-bundle`. Throws an Error that says what is wrong with the sources.
 */
export async function bundlePage(): Promise<PageScripts> {
  // One after the other: the first one on a machine installs the bundler, which two at once cannot do in one process.
  const page = await bundle("page/main.ts");
  const client = await bundle("page/client_worker.ts");
  return { page, client };
}

async function bundle(entry: string): Promise<string> {
  const { success, outputFiles, errors } = await Deno.bundle({
    entrypoints: [fileURLToPath(new URL(entry, import.meta.url))],
    platform: "browser",
    minify: true,
    write: false,
  });
  if (!success) throw new Error(`Cannot bundle the page: ${errors.map(({ text }) => text).join("; ")}`);
  return outputFiles![0]!.text();
}
