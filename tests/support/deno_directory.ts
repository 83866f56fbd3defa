import { join } from "node:path";

/** Deno's cache, which children use whatever their HOME is: otherwise they would not find the modules. */
export function denoDirectory(): string {
  const home = Deno.env.get("HOME") ?? "";
  const caches = Deno.build.os === "darwin" ? join(home, "Library", "Caches") : join(home, ".cache");
  return Deno.env.get("DENO_DIR") ?? join(Deno.env.get("XDG_CACHE_HOME") ?? caches, "deno");
}
