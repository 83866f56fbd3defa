import { main } from "./src/cli/main.ts";
import type { DirectoryConfig } from "./src/config/config.ts";
import { decideOffline, Directory } from "./src/directory_server/directory.ts";
import { Gateway } from "./src/gateway/gateway.ts";
import { Mixnode } from "./src/mixnode/mixnode.ts";

if (import.meta.main) {
  const start = {
    gateway: (...settings: Parameters<typeof Gateway.start>) => Gateway.start(...settings),
    mixnode: (...settings: Parameters<typeof Mixnode.start>) => Mixnode.start(...settings),
    directory: (config: DirectoryConfig, signingKey: Uint8Array) => Directory.start(config, signingKey),
    decideOffline,
  };
  Deno.exit(await main(Deno.args, start));
}
