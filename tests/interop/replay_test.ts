import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { Directory } from "../../src/sandbox/directory.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { type Load, load, prepareLoad } from "../support/load.ts";
import { freePort, referenceTest } from "../support/reference_network.ts";

const PACKETS = 1000;

/** The one client of a load, in base58. */
async function clientOf({ tokens }: Load): Promise<string> {
  return (await Deno.readTextFile(tokens)).split(" ")[0]!;
}

/** Sends the packets once more, and packets of a new load after them; resolves when the new ones are stored. */
async function replay(gateway: GatewayProcess, { frames }: Load): Promise<void> {
  const fresh = await prepareLoad(gateway, 1, 10, 300);
  const both = join(gateway.home, "both");
  await Deno.writeFile(both, await Deno.readFile(frames));
  await Deno.writeFile(both, await Deno.readFile(fresh.frames), { append: true });
  await load("blast", gateway.mixnet, both, 1, 0);
  const client = await clientOf(fresh);
  await gateway.storedReaches(10, 30_000, () => gateway.storedFor(client));
}

referenceTest("frames that are sent again store nothing again, before a kill and after it", async () => {
  await using directory = new Directory({ host: "127.0.0.1", port: 0 });
  await using gateway = await GatewayProcess.init("ours", freePort(), freePort(), directory.url);
  await gateway.start();
  const first = await prepareLoad(gateway, 1, PACKETS, 300);
  const client = await clientOf(first);
  await load("blast", gateway.mixnet, first.frames, 1, 0);
  await gateway.storedReaches(PACKETS, 30_000, () => gateway.storedFor(client));

  await replay(gateway, first);
  assertEquals(await gateway.storedFor(client), PACKETS);
  await gateway.stop("SIGKILL");
  await gateway.start();
  await replay(gateway, first);
  assertEquals(await gateway.storedFor(client), PACKETS);

  const report = await load("receive", gateway.clients, first.tokens, PACKETS, 5);
  assert(report.includes(`received ${PACKETS} of ${PACKETS} distinct, 0 duplicates, 0 out of order`), report);
});
