import { assert, assertEquals } from "@std/assert";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { assertWhole, Load } from "../support/load.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { Random } from "../support/random.ts";
import { RawClient } from "../support/raw_client.ts";
import { freePort } from "../support/reference_network.ts";

/** Kills of the crash test; 20 in the long form. */
const KILLS = Number(Deno.env.get("NYM_KILLS") ?? 3);
/** ms for a client to receive everything */
const PATIENCE = 60_000;

async function withGateway(use: (gateway: GatewayProcess) => Promise<void>): Promise<void> {
  await using gateway = await GatewayProcess.init("ours", freePort(), freePort(), NO_DIRECTORY);
  await gateway.start();
  await use(gateway);
}

Deno.test("clients receive pushed and stored messages", () =>
  withGateway(async (gateway) => {
    using pushed = await Load.prepare(gateway, 10, 2000);
    assertWhole(await pushed.push(), 2000);

    using later = await Load.prepare(gateway, 10, 2000);
    const before = await gateway.stored();
    await later.send();
    await gateway.storedReaches(before + 2000);
    assertWhole(await later.receive(2000), 2000);
  }));

for (const ending of ["close", "reset"] as const) {
  Deno.test(`a client that connects and leaves by ${ending} while packets arrive loses nothing`, () =>
    withGateway(async (gateway) => {
      const count = 1500;
      using load = await Load.prepare(gateway, 1, count);
      const sending = load.send({ rate: 500 });
      const visits = await receiveInVisits(gateway, load, count, ending);
      await sending;
      assert(visits > 10, `it connected only ${visits} times`);
    }));
}

Deno.test("committed messages survive a kill", () =>
  withGateway(async (gateway) => {
    for (let kill = 1; kill <= KILLS; kill++) {
      using load = await Load.prepare(gateway, 1, 200);
      await load.send();
      await gateway.storedReaches(200, 30_000, () => gateway.storedFor(load.addresses[0]!));
      await gateway.stop("SIGKILL");
      await gateway.start();
      assertWhole(await load.receive(200), 200);
    }
  }));

/**
 * The client of a load connects, receives up to a hundred more messages, and leaves, until it has all; resolves with
 * the number of its connections.
 */
async function receiveInVisits(
  gateway: GatewayProcess,
  { addresses: [address], tokens: [token] }: Load,
  count: number,
  ending: "close" | "reset",
): Promise<number> {
  const random = new Random(1);
  const received = new Set<number>();
  let visits = 0;
  while (received.size < count) {
    using client = await RawClient.connect(parseSocketAddress(gateway.clients)!);
    const late = setTimeout(() => client.connection.close(), PATIENCE);
    client.answersPings = true;
    await client.send({ type: "authenticate", address, token });
    let last = -1;
    const goal = received.size + random.between(1, Math.min(100, count - received.size));
    while (received.size < goal) {
      for (const message of await client.messages(1)) {
        const number = new DataView(message.buffer, message.byteOffset).getUint32(0);
        assert(number > last && number < count, `${number} arrived after ${last}`);
        received.add(last = number);
      }
    }
    clearTimeout(late);
    if (ending === "close") await client.close();
    visits++;
  }
  assertEquals(received.size, count);
  return visits;
}
