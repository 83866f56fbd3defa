/**
 * The program with a node that ends as soon as it is started, for tests of what happens before that. If
 * NYM_TEST_START is "fails", it fails to start, as if its port were in use.
 */
import { main } from "../../src/cli/main.ts";
import { settleOutput } from "../../src/cli/output/output.ts";
import { ExitCode, OperatorError } from "../../src/errors/operator_error.ts";

/** By then, `run` has printed everything that it prints after the start. */
function endSoon(): void {
  setTimeout(async () => {
    await settleOutput(5_000);
    Deno.exit(0);
  });
}

const NODE = {
  operatorAddress: undefined,
  summary: "",
  reload: () => ({ taken: [], left: [] }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

function start(): Promise<typeof NODE> {
  if (Deno.env.get("NYM_TEST_START") === "fails") {
    return Promise.reject(new OperatorError("the port is in use", ExitCode.UNAVAILABLE));
  }
  endSoon();
  return Promise.resolve(NODE);
}

Deno.exit(
  await main(Deno.args, {
    gateway: start,
    mixnode: start,
    directory: start,
    decideOffline: async (...decision) =>
      await (await import("../../src/directory_server/directory.ts")).decideOffline(...decision),
  }),
);
