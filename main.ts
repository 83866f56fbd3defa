import { main } from "./src/cli/main.ts";
import { Gateway } from "./src/gateway/gateway.ts";
import { Mixnode } from "./src/mixnode/mixnode.ts";

if (import.meta.main) {
  const start = {
    gateway: (...settings: Parameters<typeof Gateway.start>) => Gateway.start(...settings),
    mixnode: (...settings: Parameters<typeof Mixnode.start>) => Mixnode.start(...settings),
  };
  Deno.exit(await main(Deno.args, start));
}
