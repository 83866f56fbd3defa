import { assertEquals } from "@std/assert";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { clientFrame, Opcode } from "../bench/load/websocket_frames.ts";
import { range } from "../mailbox/messages.ts";
import { connectFrom } from "../support/connect_from.ts";
import { randomClientAddress } from "../support/packets.ts";
import { TestClient } from "../support/test_client.ts";
import { logIn, register } from "./members.ts";
import { assertServed, Besieged, many, report } from "./besieged.ts";

/** A client's request to open a WebSocket. */
const UPGRADE = [
  "GET / HTTP/1.1",
  "host: gateway",
  "connection: upgrade",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");
const AT_ONCE = 16;
/** Logged-in attackers send something each time this many more have connected. */
const BUSY_EVERY = many(10, 500);

Deno.test("a flood of WebSockets from changing networks keeps out no client that is slow to log in", async () => {
  const arrivals = many(400, 6000); // while it has not logged in yet: 1.6 s of 256 a second, and 23 s
  const networks = many(600, 300);
  await using besieged = await Besieged.start(({ limits }) => {
    limits.limitLoopback = true;
    limits.loginDeadline = 120_000; // so that nothing else ends connections
  });
  const slow = await TestClient.connect(besieged.clientsAddress);
  const opened = await besieged.operator.metric("client_connections_opened_total");
  const sockets = new Set<Socket>();
  for (let n = 0; n < arrivals; n += AT_ONCE) {
    await Promise.all(
      range(AT_ONCE, n).map(async (i) => {
        const network = i % networks;
        const socket = await connectFrom(`127.${1 + (network >> 8)}.${network & 255}.1`, besieged.clientsAddress);
        sockets.add(socket.on("close", () => sockets.delete(socket)));
        socket.write(UPGRADE);
      }),
    );
  }
  await besieged.operator.reaches("client_connections_opened_total", opened + arrivals);
  const { type } = await slow.request({ type: "register", address: encodeBase58(randomClientAddress()) }) as {
    type: string;
  };
  assertEquals(type, "register");
  const evicted = await besieged.operator.metric('client_connections_limited_total{reason="evicted"}');
  for (const socket of sockets) socket.destroy();
  await slow[Symbol.asyncDispose]();
  const honest = await besieged.endProbing();
  report("WebSockets without a login", { arrivals, networks, evicted, ...honest });
  assertServed(honest);
});

Deno.test("attackers that log in, from any networks, and stay busy keep no client out that registered before", async () => {
  const places = many(60, 5000);
  const networks = many(10, 400);
  await using besieged = await Besieged.start(({ limits }) => {
    limits.limitLoopback = true;
    limits.clientConnections = places;
    limits.registrationsPerHour = 2 * places;
  });
  const members = await Promise.all(range(5).map(() => register(besieged.clientsAddress)));
  const sockets = new Set<Socket>();
  for (let n = 0; n < 1.5 * places; n += 10) {
    await Promise.all(
      range(10, n).map(async (i) => {
        const socket = await attackerFrom(i % networks, besieged.clientsAddress);
        sockets.add(socket.on("close", () => sockets.delete(socket)));
        const request = { type: "register", address: encodeBase58(randomClientAddress()) };
        socket.write(clientFrame(Opcode.TEXT, new TextEncoder().encode(JSON.stringify(request))));
      }),
    );
    // They send something now and then, so that they are not evicted for being idle.
    if (n % BUSY_EVERY === 0) {
      for (const socket of sockets) socket.write(clientFrame(Opcode.TEXT, new Uint8Array(1)));
    }
  }
  await besieged.operator.reaches('client_logins_total{result="registered"}', 1.5 * places + members.length);
  const clients = [];
  for (const member of members) clients.push(await logIn(besieged.clientsAddress, member));
  const evicted = await besieged.operator.metric('client_connections_limited_total{reason="idle"}');
  for (const socket of sockets) socket.destroy();
  for (const client of clients) await client[Symbol.asyncDispose]();
  const honest = await besieged.endProbing();
  report("logged-in attackers", { places, networks, "logged in": 1.5 * places, evicted, ...honest });
  assertServed(honest);
});

/** A WebSocket from one of many networks. */
async function attackerFrom(network: number, address: SocketAddress): Promise<Socket> {
  const socket = await connectFrom(`127.${1 + (network >> 8)}.${network & 255}.1`, address);
  socket.write(UPGRADE);
  await once(socket, "data");
  return socket;
}
