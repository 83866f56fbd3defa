import { assertEquals } from "@std/assert";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { assertWhole, Load } from "../support/load.ts";
import { freePort } from "../support/reference_network.ts";

const PACKETS = 1000;

Deno.test("replayed frames are not stored again, before and after a kill", async () => {
  await using gateway = await GatewayProcess.init("ours", freePort(), freePort(), NO_DIRECTORY);
  await gateway.start();
  const storedFor = ({ addresses }: Load) => gateway.storedFor(addresses[0]!);
  using first = await Load.prepare(gateway, 1, PACKETS);
  await first.send();
  await gateway.storedReaches(PACKETS, 30_000, () => storedFor(first));

  /** Replays the packets, followed by new ones; resolves when the new ones are stored. */
  async function replay(): Promise<void> {
    using fresh = await Load.prepare(gateway, 1, 10);
    await first.send({ next: fresh });
    await gateway.storedReaches(10, 30_000, () => storedFor(fresh));
  }

  await replay();
  assertEquals(await storedFor(first), PACKETS);
  await gateway.stop("SIGKILL");
  await gateway.start();
  await replay();
  assertEquals(await storedFor(first), PACKETS);
  assertWhole(await first.receive(PACKETS), PACKETS);
});
