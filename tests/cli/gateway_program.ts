/** The program with a gateway that ends as soon as it is started: for tests of all that happens before. */
import { main } from "../../src/cli/main.ts";

Deno.exit(await main(Deno.args, () => Deno.exit(0)));
