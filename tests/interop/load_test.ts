import { assert, assertEquals } from "@std/assert";
import { Directory } from "../../src/sandbox/directory.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { load, prepareLoad, reported } from "../support/load.ts";
import { freePort, referenceTest } from "../support/reference_network.ts";

/** Kills of the crash test; the long form sets it to 20. */
const KILLS = Number(Deno.env.get("NYM_KILLS") ?? 3);

async function withGateway(use: (gateway: GatewayProcess) => Promise<void>): Promise<void> {
  await using directory = new Directory({ host: "127.0.0.1", port: 0 });
  await using gateway = await GatewayProcess.init("ours", freePort(), freePort(), directory.url);
  await gateway.start();
  await use(gateway);
}

referenceTest(
  "the load generator's clients get what is pushed, and what was stored",
  () =>
    withGateway(async (gateway) => {
      const { tokens, frames } = await prepareLoad(gateway, 10, 2000, 300);
      const pushed = await load("push", gateway.clients, tokens, gateway.mixnet, frames, 1);
      assert(pushed.includes("received 2000 of 2000 distinct, 0 duplicates, 0 out of order"), pushed);

      const later = await prepareLoad(gateway, 10, 2000, 300);
      const before = await gateway.stored();
      await load("blast", gateway.mixnet, later.frames, 1, 0);
      await gateway.storedReaches(before + 2000);
      const stored = await load("receive", gateway.clients, later.tokens, 2000, 5);
      assert(stored.includes("received 2000 of 2000 distinct, 0 duplicates, 0 out of order"), stored);
    }),
);

for (const ending of ["close", "reset"]) {
  referenceTest(
    `a client that comes and goes by ${ending} while packets arrive loses nothing`,
    () =>
      withGateway(async (gateway) => {
        const { tokens, frames } = await prepareLoad(gateway, 1, 1500, 100);
        const report = await load("churn", gateway.clients, tokens, gateway.mixnet, frames, 500, 200, ending);
        assertEquals(reported(report, /received (\d+) of 1500 distinct/), 1500, report);
        assertEquals(reported(report, /lost (\d+)/), 0, report);
      }),
  );
}

referenceTest("what was committed survives a kill", () =>
  withGateway(async (gateway) => {
    for (let kill = 1; kill <= KILLS; kill++) {
      const { tokens, frames } = await prepareLoad(gateway, 1, 200, 500);
      const client = (await Deno.readTextFile(tokens)).split(" ")[0]!;
      await load("blast", gateway.mixnet, frames, 1, 0);
      await gateway.storedReaches(200, 30_000, () => gateway.storedFor(client));
      await gateway.stop("SIGKILL");
      await gateway.start();
      const report = await load("receive", gateway.clients, tokens, 200, 3);
      assert(report.includes("received 200 of 200 distinct, 0 duplicates, 0 out of order"), `kill ${kill}: ${report}`);
    }
  }));
