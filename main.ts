import { main } from "./src/cli/main.ts";
import { Gateway } from "./src/gateway/gateway.ts";

if (import.meta.main) {
  Deno.exit(await main(Deno.args, (...settings) => Gateway.start(...settings)));
}
