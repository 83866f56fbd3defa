import { assertEquals, assertLessOrEqual } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { numberedPacket } from "../mixnet/numbered_packets.ts";
import { binaryHeader, textHeader } from "../proxies/headers.ts";
import { randomClientAddress } from "../support/packets.ts";
import { RawClient } from "../support/raw_client.ts";
import { assertServed, Besieged, connectMany, many, report } from "./besieged.ts";

const MEMORY = 100; // allowed growth in MB
/** Connections of the attackers to each port, through the proxy. */
const ATTACKERS = many(200, 3000);
const AT_A_TIME = 50;

/** What the n-th attacker begins with: half a header, a malformed one, or one that names another network each. */
function beginning(n: number): Uint8Array<ArrayBuffer> {
  const source = `100.${n >> 8}.${n & 255}.1`;
  switch (n % 5) {
    case 0:
      return textHeader(source).subarray(0, 30);
    case 1:
      return binaryHeader(source, 4000).subarray(0, 3000);
    case 2:
      return new TextEncoder().encode(`PROXY TCP4 ${source} ${source} 1 65536\r\n`);
    case 3:
      return binaryHeader(source, 5000);
    default:
      return textHeader(source);
  }
}

Deno.test("through a trusted proxy, headers of all kinds keep nobody out", async () => {
  await using besieged = await Besieged.start(({ limits }) => {
    limits.trustedProxies = ["127.0.0.1"];
    limits.mixnetConnections = ATTACKERS / 2;
    limits.mixnetFrameDeadline = limits.loginDeadline = 3000;
  });
  const { clientsAddress, mixnetAddress, operator } = besieged;
  const before = await besieged.descriptors();
  const attackers: Deno.TcpConn[] = [];
  for (let begun = 0; begun < ATTACKERS; begun += AT_A_TIME) {
    for (const address of [clientsAddress, mixnetAddress]) {
      const more = await connectMany(address, AT_A_TIME);
      await Promise.all(more.map((attacker, n) => attacker.write(beginning(begun + n)).catch(() => {}))); // some are evicted
      attackers.push(...more);
    }
  }

  const connection = await Deno.connect({ hostname: clientsAddress.host, port: clientsAddress.port });
  await connection.write(binaryHeader("192.0.2.1"));
  using client = await RawClient.over(connection, clientsAddress);
  await client.send({ type: "register", address: encodeBase58(randomClientAddress()) });
  await client.frameArrived();
  const series = 'packets_dropped_total{reason="mac"}';
  using mixnode = await Deno.connect({ hostname: mixnetAddress.host, port: mixnetAddress.port });
  await mixnode.write(textHeader("192.0.2.2"));
  await mixnode.write(frame(numberedPacket(1)));
  await operator.reaches(series, 1);

  const growth = await besieged.memoryGrowth();
  const malformed = await Promise.all([
    operator.metric('client_pending_closed_total{reason="proxy_header"}'),
    operator.metric('mixnet_streams_broken_total{reason="proxy_header"}'),
  ]);
  for (const attacker of attackers) attacker.close();
  await besieged.descriptorsFallTo(before + 10);
  const honest = await besieged.endProbing();
  report("PROXY headers", { attackers: attackers.length, malformed: malformed.join(), "MB grown": growth, ...honest });
  assertEquals(malformed.every((count) => count > 0 && count <= ATTACKERS * 2 / 5), true, malformed.join());
  assertLessOrEqual(growth, MEMORY);
  assertServed(honest);
});
