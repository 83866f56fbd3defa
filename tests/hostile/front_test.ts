import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { bytes, HEAD, maskedFrame } from "../clients/front/streams.ts";
import { Opcode } from "../../src/clients/front/frame_header.ts";
import { randomClientAddress } from "../support/packets.ts";
import { freePort } from "../support/reference_network.ts";
import { TestClient } from "../support/test_client.ts";
import { assertServed, Besieged, connectMany, many, report } from "./besieged.ts";

const FIN = 0x80;
const MEMORY = 50; // MB that an attack may take
const HUGE = 64 * 1024 * 1024;
const JUNK = new Uint8Array(65_536);

/** A gateway whose counters can be read, by metric and label. */
async function besiegedAndCounted(): Promise<
  { gateway: Besieged; count: (metric: string, reason: string) => Promise<number> }
> {
  const operator = `127.0.0.1:${freePort()}`;
  const gateway = await Besieged.start(({ operator: configured }) => configured.listeningAddress = operator);
  const count = async (metric: string, reason: string) => {
    const text = await (await fetch(`http://${operator}/metrics`)).text();
    return Number(new RegExp(`^nym_gateway_${metric}\\{reason="${reason}"\\} (\\d+)`, "m").exec(text)![1]);
  };
  return { gateway, count };
}

/** WebSockets, of which the first `clients` have logged in. */
async function webSockets(gateway: Besieged, count: number, clients: number): Promise<Deno.TcpConn[]> {
  const connections = await connectMany(gateway.clientsAddress, count);
  await Promise.all(connections.map(async (connection, i) => {
    await connection.write(new TextEncoder().encode(HEAD));
    await connection.read(new Uint8Array(1000));
    if (i >= clients) return;
    const request = JSON.stringify({ type: "register", address: encodeBase58(randomClientAddress()) });
    const login = new TextEncoder().encode(request);
    await connection.write(bytes(maskedFrame(FIN | Opcode.TEXT, login.length, 0), login));
    await connection.read(new Uint8Array(1000));
  }));
  return connections;
}

/** Sends `first` and then as much of `next` as is taken, up to `most` bytes; resolves with how much, once it is cut. */
async function pour(connection: Deno.TcpConn, first: Uint8Array, next: Uint8Array, most: number): Promise<number> {
  const end = (async () => {
    const buffer = new Uint8Array(4096);
    while (await connection.read(buffer) !== null);
  })().catch(() => {});
  let sent = 0;
  try {
    await connection.write(first);
    while (sent < most) sent += await connection.write(next);
  } catch {
    // It is cut: that is what is to be seen.
  }
  await end;
  connection.close();
  return sent;
}

Deno.test("frames of 64 MiB, before and after a login, take no memory", async () => {
  const [strangers, clients] = [many(200, 240), many(50, 500)];
  const { gateway: started, count } = await besiegedAndCounted();
  await using gateway = started;
  const connections = await webSockets(gateway, strangers + clients, clients);
  let most = 0;
  const watch = setInterval(async () => most = Math.max(most, await gateway.memoryGrowth()), 100);
  const frame = maskedFrame(FIN | Opcode.BINARY, HUGE, 0);
  const sent = await Promise.all(connections.map((connection) => pour(connection, frame, JUNK, HUGE)));
  clearInterval(watch);
  most = Math.max(most, await gateway.memoryGrowth());
  const counted = await count("client_requests_refused_total", "too_big");
  const honest = await gateway.endProbing();
  const total = Math.round(sent.reduce((sum, n) => sum + n) / 1e6);
  report("64 MiB frames", { strangers, clients, "MB taken of them": total, "MB grown": most, counted, ...honest });
  assertEquals(counted, strangers + clients);
  assertLessOrEqual(most, MEMORY);
  assertServed(honest);
});

Deno.test("fragments without end and floods of pings are cut off", async () => {
  const attackers = many(100, 200);
  const { gateway: started, count } = await besiegedAndCounted();
  await using gateway = started;
  const connections = await webSockets(gateway, attackers, 0);
  const [fragment, ping] = [maskedFrame(Opcode.CONTINUATION, 0), maskedFrame(FIN | Opcode.PING, 100)];
  await Promise.all(
    connections.map((connection, i) =>
      i % 2 === 0
        ? pour(connection, maskedFrame(Opcode.TEXT, 1), bytes(...Array(1000).fill(fragment)), HUGE)
        : pour(connection, ping, bytes(...Array(1000).fill(ping)), HUGE)
    ),
  );
  const growth = await gateway.memoryGrowth();
  const counted = await count("client_connections_limited_total", "flooding");
  const honest = await gateway.endProbing();
  report("fragments and pings", { attackers, "MB grown": growth, counted, ...honest });
  assertEquals(counted, attackers);
  assertLessOrEqual(growth, MEMORY);
  assertServed(honest);
});

Deno.test("heads without end, and heads that don't come, keep no newcomer out", async () => {
  const attackers = many(600, 3000);
  const { gateway: started, count } = await besiegedAndCounted();
  await using gateway = started;
  const silent = await connectMany(gateway.clientsAddress, attackers);
  const endless = await connectMany(gateway.clientsAddress, 20);
  const poured = Promise.all(endless.map((connection) => pour(connection, JUNK, JUNK, HUGE)));
  await poured;
  await using newcomer = await TestClient.connect(gateway.clientsAddress);
  await newcomer.request({ type: "register", address: encodeBase58(randomClientAddress()) });
  const [drivenOut, tooBig] = await Promise.all(
    ["driven_out", "too_big"].map((reason) => count("client_arrivals_refused_total", reason)),
  );
  const growth = await gateway.memoryGrowth();
  for (const connection of silent) connection.close();
  const honest = await gateway.endProbing();
  report("heads", { attackers, "driven out": drivenOut, "too big": tooBig, "MB grown": growth, ...honest });
  assertEquals(tooBig, endless.length);
  assert(drivenOut! >= attackers - 512);
  assertLessOrEqual(growth, MEMORY);
  assertServed(honest);
});
