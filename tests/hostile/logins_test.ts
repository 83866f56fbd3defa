import { assertEquals } from "@std/assert";
import type { Socket } from "node:net";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { range } from "../mailbox/messages.ts";
import { connectFrom } from "../support/connect_from.ts";
import { randomClientAddress } from "../support/packets.ts";
import { TestClient } from "../support/test_client.ts";
import { assertServed, Besieged, many, report } from "./besieged.ts";

/** What a client sends to become a WebSocket, and that is all that these attackers ever send. */
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

Deno.test("a flood of WebSockets from changing networks keeps out no client that is slow to log in", async () => {
  const arrivals = many(400, 6000); // while it has not logged in yet: 1.6 s of 256 a second, and 23 s
  const networks = many(600, 300);
  await using besieged = await Besieged.start(({ limits }) => {
    limits.limitLoopback = true;
    limits.loginDeadline = 120_000; // so that it is nothing else that ends connections
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
