/**
 * The program with a gateway that ends as soon as it is started, for tests of all that happens before; where
 * NYM_TEST_START is "fails", as one whose port is in use.
 */
import { main } from "../../src/cli/main.ts";
import { settleOutput } from "../../src/cli/output.ts";
import type { Reloadable } from "../../src/cli/run.ts";
import { ExitCode, OperatorError } from "../../src/errors/operator_error.ts";

/** What `run` prints once it has started is printed by then. */
function endSoon(): void {
  setTimeout(async () => {
    await settleOutput(5_000);
    Deno.exit(0);
  });
}

const GATEWAY: Reloadable = {
  operatorAddress: undefined,
  summary: "",
  reload: () => ({ taken: [], left: [] }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

Deno.exit(
  await main(Deno.args, () => {
    if (Deno.env.get("NYM_TEST_START") === "fails") {
      return Promise.reject(new OperatorError("the port is in use", ExitCode.UNAVAILABLE));
    }
    endSoon();
    return Promise.resolve(GATEWAY);
  }),
);
