import { assert, assertEquals } from "@std/assert";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { DirectoryServer } from "../directory/directory_server.ts";
import { logIn, post, register } from "../hostile/members.ts";
import { numbered, numberOf, range } from "../mailbox/messages.ts";
import { packetFor, randomClientAddress } from "../support/packets.ts";
import { TestClient } from "../support/test_client.ts";
import { FaultyGateway } from "./faulty_gateway.ts";
import { hasWrongClock, WrongClock } from "./wrong_clock.ts";

const REPLAYED = 'packets_dropped_total{reason="replayed"}';
const PACKETS = 50;
/** Offsets of the clock, in days. */
const JUMPS = [1, -1, 0, 400, 0];

const skipped = hasWrongClock ? "" : " (skipped: no libfaketime)";

/** The date this many days from now, as written in the log. */
function dateIn(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

/** The answer to the registration of a new address. */
async function registration(gateway: string): Promise<string> {
  await using client = await TestClient.connect(parseSocketAddress(gateway)!);
  const request = { type: "register", address: encodeBase58(randomClientAddress()) };
  return (await client.request(request) as { type: string }).type;
}

Deno.test({
  name: `a clock that jumps while the gateway runs expires nothing and brings nothing back${skipped}`,
  ignore: !hasWrongClock,
  fn: async () => {
    using clock = new WrongClock();
    await using directory = new DirectoryServer();
    await using gateway = await FaultyGateway.start({
      environment: clock.environment,
      adjust: ({ gateway, limits, debug }) => {
        gateway.presenceDirectoryServer = directory.url;
        debug.presenceSendingDelay = 100;
        limits.registrationsPerHour = 2;
      },
    });
    const { operator, process } = gateway;
    const [clients, mixnet] = [process.clients, process.mixnet].map((address) => parseSocketAddress(address)!);
    const bob = await register(clients!);
    await using client = await logIn(clients!, bob);
    const key = decodeBase58(process.publicKey)!;
    const packets = range(PACKETS).map((n) => packetFor(key, bob.address, numbered(n)));
    await post(mixnet!, frame(...packets));
    assertEquals((await client.messages(PACKETS)).map(numberOf), range(PACKETS));
    let replays = 0;
    for (const days of JUMPS) {
      clock.set(days);
      await directory.requests(2); // it continues to announce itself
      await post(mixnet!, frame(...packets, packetFor(key, bob.address, numbered(1000 + days))));
      assertEquals(numberOf(await client.message()), 1000 + days); // over the existing session
      replays += PACKETS;
      assertEquals(await operator.metric(REPLAYED), replays);
      assertEquals(await registration(process.clients), "error"); // this hour's registrations are used up
      assertEquals((await operator.readiness()).ready, true);
    }
    await gateway.store(100);
    await gateway.readAll();
  },
});

Deno.test({
  name: `a clock that jumps between two runs expires nothing and brings nothing back${skipped}`,
  ignore: !hasWrongClock,
  fn: async () => {
    using clock = new WrongClock();
    await using gateway = await FaultyGateway.start({ environment: clock.environment });
    const { operator, process } = gateway;
    const [clients, mixnet] = [process.clients, process.mixnet].map((address) => parseSocketAddress(address)!);
    const bob = await register(clients!);
    const key = decodeBase58(process.publicKey)!;
    const packets = range(PACKETS).map((n) => packetFor(key, bob.address, numbered(n)));
    await post(mixnet!, frame(...packets));
    await operator.reaches("messages_stored_total", PACKETS);
    await gateway.store(100);
    for (const [run, days] of JUMPS.entries()) {
      await process.stop(run % 2 === 0 ? "SIGTERM" : "SIGKILL");
      clock.set(days);
      const dates = [dateIn(days)];
      await process.start();
      dates.push(dateIn(days));
      assert(dates.some((date) => process.log.includes(` ${date}T`)), "it uses the wrong clock");
      await post(mixnet!, frame(...packets, packetFor(key, bob.address, numbered(PACKETS + run))));
      await operator.reaches("messages_stored_total", 1);
      assertEquals(await operator.metric(REPLAYED), PACKETS);
    }
    await gateway.readAll();
    await using client = await logIn(clients!, bob);
    assertEquals((await client.messages(PACKETS + JUMPS.length)).map(numberOf), range(PACKETS + JUMPS.length));
  },
});
