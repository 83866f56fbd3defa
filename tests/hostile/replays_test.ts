import { assert, assertEquals } from "@std/assert";
import { decodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { PacketFactory } from "../bench/load/packet_factory.ts";
import { numbered, numberOf, range } from "../mailbox/messages.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { Operator } from "../support/operator.ts";
import { randomClientAddress } from "../support/packets.ts";
import { quietPort } from "../support/quiet_port.ts";
import { many, report } from "./besieged.ts";
import { logIn, post, register } from "./members.ts";

const PACKETS = many(300, 5000);
const KILLS = many(2, 10);
/** Packets that a flooded gateway remembers, packets of the flood, and packets sent at a time. */
const REMEMBERED = many(1000, 20_000);
const FLOOD = many(5000, 100_000);
const BATCH = 500;

const RECEIVED = "packets_received_total";
const REPLAYED = 'packets_dropped_total{reason="replayed"}';

/** The same packet in another encoding: bit 255 of the shared secret is ignored (RFC 7748 §5). */
function twin(packet: Uint8Array): Uint8Array {
  return packet.with(31, packet[31]! ^ 0x80);
}

Deno.test("replayed packets are dropped and counted: over the same or another connection, and after kills", async () => {
  await using gateway = await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY);
  const operator = new Operator(`127.0.0.1:${quietPort()}`);
  gateway.configure((config) => config.operator.listeningAddress = operator.address);
  await gateway.start();
  const [clients, mixnet] = [gateway.clients, gateway.mixnet].map((address) => parseSocketAddress(address)!);
  const bob = await register(clients!, randomClientAddress());
  const factory = new PacketFactory(decodeBase58(gateway.publicKey)!);
  const packets = range(PACKETS).map((n) => factory.build(bob.address, numbered(n)));
  const twins = packets.map(twin);
  let replays = 0;

  await post(mixnet!, frame(...packets, ...packets, ...twins)); // over one connection
  await Promise.all([post(mixnet!, frame(...packets)), post(mixnet!, frame(...twins))]); // over others
  await operator.reaches(RECEIVED, 5 * PACKETS);
  assertEquals(await operator.metric(REPLAYED), 4 * PACKETS);
  replays += 4 * PACKETS;
  for (const kill of range(KILLS, 1)) {
    await gateway.stop("SIGKILL");
    await gateway.start();
    await post(mixnet!, frame(...packets, ...twins, factory.build(bob.address, numbered(PACKETS - 1 + kill))));
    await operator.reaches(RECEIVED, 2 * PACKETS + 1);
    assertEquals(await operator.metric(REPLAYED), 2 * PACKETS);
    await operator.reaches("messages_stored_total", 1);
    replays += 2 * PACKETS;
  }
  await using client = await logIn(clients!, bob);
  assertEquals((await client.messages(PACKETS + KILLS)).map(numberOf), range(PACKETS + KILLS));
  report("replays", { packets: PACKETS, kills: KILLS, replays, "delivered again": client.unread.length });
  assertEquals(client.unread.length, 0);
});

Deno.test("a flood of packets for one client makes the gateway forget none that others got, also after a kill", async () => {
  await using gateway = await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY);
  const operator = new Operator(`127.0.0.1:${quietPort()}`);
  gateway.configure((config) => {
    config.operator.listeningAddress = operator.address;
    config.mixnetEndpoint.replayPackets = REMEMBERED;
    config.limits.inboxMessages = PACKETS; // for the attacker's inbox: only tags matter here
  });
  await gateway.start();
  const [clients, mixnet] = [gateway.clients, gateway.mixnet].map((address) => parseSocketAddress(address)!);
  const bob = await register(clients!, randomClientAddress());
  const attacker = await register(clients!, randomClientAddress());
  const factory = new PacketFactory(decodeBase58(gateway.publicKey)!);
  const packets = range(PACKETS).map((n) => factory.build(bob.address, numbered(n)));
  await post(mixnet!, frame(...packets));
  for (const _ of range(FLOOD / BATCH)) {
    await post(mixnet!, frame(...range(BATCH).map((n) => factory.build(attacker.address, numbered(n)))));
  }
  await operator.reaches(RECEIVED, PACKETS + FLOOD);
  assertEquals(await operator.metric(REPLAYED), 0);
  const forgotten = await operator.metric('replay_tags_lost_total{reason="forgotten_early"}');
  assert(forgotten >= PACKETS + FLOOD - REMEMBERED);
  await post(mixnet!, frame(...packets));
  await operator.reaches(REPLAYED, PACKETS);
  await gateway.stop("SIGKILL");
  await gateway.start();
  await post(mixnet!, frame(...packets));
  await operator.reaches(REPLAYED, PACKETS);
  report("flood", { remembered: REMEMBERED, flood: FLOOD, "forgotten of the flood": forgotten, "of others": 0 });
});
