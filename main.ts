import { main } from "./src/cli/main.ts";
import type { decideOffline, Directory } from "./src/directory_server/directory.ts";
import type { Gateway } from "./src/gateway/gateway.ts";
import type { Mixnode } from "./src/mixnode/mixnode.ts";

const directory = () => import("./src/directory_server/directory.ts");

if (import.meta.main) {
  // Each kind of node is loaded on demand: the others' code would only take memory.
  const start = {
    gateway: async (...settings: Parameters<typeof Gateway.start>) =>
      await (await import("./src/gateway/gateway.ts")).Gateway.start(...settings),
    mixnode: async (...settings: Parameters<typeof Mixnode.start>) =>
      await (await import("./src/mixnode/mixnode.ts")).Mixnode.start(...settings),
    directory: async (...settings: Parameters<typeof Directory.start>) =>
      await (await directory()).Directory.start(...settings),
    decideOffline: async (...decision: Parameters<typeof decideOffline>) =>
      await (await directory()).decideOffline(...decision),
  };
  Deno.exit(await main(Deno.args, start));
}
