import { assertEquals, assertLessOrEqual } from "@std/assert";
import type { Socket } from "node:net";
import { decodeBase58 } from "../../src/encoding/base58.ts";
import { frame, FRAME_SIZE } from "../../src/mixnet/frames.ts";
import { DirectoryServer } from "../directory/directory_server.ts";
import { range } from "../mailbox/messages.ts";
import { numberedPacket } from "../mixnet/numbered_packets.ts";
import { connectFrom } from "../support/connect_from.ts";
import { packetFor, randomClientAddress } from "../support/packets.ts";
import { assertServed, Besieged, connectMany, many, report } from "./besieged.ts";
import { logIn, register } from "./members.ts";

const MEMORY = 100; // allowed growth in MB
/** Places for connections. */
const PLACES = many(80, 2000);
/** Connections of the attacker: twice as many. */
const ATTACKERS = 2 * PLACES;
/** Connections of the attacker from one network. */
const OF_A_NETWORK = 10;

Deno.test("partial frames keep no mixnode out, and are disconnected", async () => {
  const count = many(500, 5000);
  await using besieged = await Besieged.start(({ limits }) => {
    limits.mixnetConnections = many(200, 2000);
    limits.mixnetFrameDeadline = 2000;
  });
  const before = await besieged.descriptors();
  const attackers = await connectMany(besieged.mixnetAddress, count);
  const half = new Uint8Array(FRAME_SIZE / 2);
  await Promise.all(attackers.map((attacker) => attacker.write(half).catch(() => {}))); // some are disconnected already
  const growth = await besieged.memoryGrowth();
  const most = await besieged.descriptors();
  await besieged.descriptorsFallTo(before);
  const honest = await besieged.endProbing();
  report("partial frames", { connections: count, "descriptors before": before, most, "MB grown": growth, ...honest });
  for (const attacker of attackers) attacker.close();
  assertLessOrEqual(growth, MEMORY);
  assertServed(honest);
});

for (
  const { name, attack } of [
    { name: "invalid packets", attack: () => numberedPacket(1) },
    {
      name: "packets for unknown clients",
      attack: (key: Uint8Array) => packetFor(key, randomClientAddress(), new Uint8Array()),
    },
  ]
) {
  Deno.test({
    name: `idle connections that delivered ${name} keep no mixnode out`,
    ignore: Deno.build.os !== "linux", // which has all of 127.0.0.0/8
    fn: async () => {
      await using directory = new DirectoryServer();
      const listed = { host: "127.200.1.1:1", pubKey: "a mixnode's", layer: 1, version: "0.7.0" };
      directory.topology = () => Response.json({ mixNodes: [listed], gatewayNodes: [] });
      await using besieged = await Besieged.start(({ gateway, limits }) => {
        gateway.presenceDirectoryServer = directory.url;
        limits.limitLoopback = true;
        limits.mixnetConnections = PLACES;
      });
      const { mixnetAddress, clientsAddress, gateway } = besieged;
      const key = decodeBase58(gateway.publicKey)!;
      const member = await register(clientsAddress);
      await using client = await logIn(clientsAddress, member);
      let sent = 0;
      const deliver = async (socket: Socket) => {
        const message = Uint8Array.of(sent++);
        socket.write(frame(packetFor(key, member.address, message)));
        assertEquals(await client.message(), message);
      };
      const mixnode = await connectFrom("127.200.1.1", mixnetAddress);
      await deliver(mixnode);

      const attackers: Socket[] = [];
      for (const i of range(ATTACKERS)) {
        const network = Math.floor(i / OF_A_NETWORK);
        const attacker = await connectFrom(`127.${1 + (network >> 8)}.${network & 255}.${1 + i % 10}`, mixnetAddress);
        attacker.write(frame(attack(key)));
        attackers.push(attacker);
      }
      const newcomer = await connectFrom("127.201.1.1", mixnetAddress);
      await deliver(newcomer);
      const stranger = await connectFrom("127.202.1.1", mixnetAddress);
      await deliver(stranger);
      await deliver(newcomer);
      await deliver(mixnode); // which has been idle longer than any attacker

      const growth = await besieged.memoryGrowth();
      const honest = await besieged.endProbing();
      report(name, { attackers: attackers.length, "MB grown": growth, ...honest });
      for (const socket of [...attackers, mixnode, newcomer, stranger]) socket.destroy();
      assertLessOrEqual(growth, MEMORY);
      assertServed(honest);
    },
  });
}
