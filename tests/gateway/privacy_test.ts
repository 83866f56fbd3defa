import { assert, assertEquals } from "@std/assert";
import { connect } from "node:net";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { encodeNodeAddress } from "../../src/sphinx/node_address.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { Operator } from "../support/operator.ts";
import { packetFor, randomClientAddress } from "../support/packets.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TestClient } from "../support/test_client.ts";

/** The address that strangers connect from, and that of an unreachable mixnode. */
const PEER = "127.0.0.77";
const MIXNODE = "127.0.0.88";
const CONTENTS = "meet me at the lighthouse";

/**
 * Sends bytes from {@linkcode PEER}; resolves when the gateway has closed the connection, whose peer may end its half
 * first (`ends`).
 */
async function sendAsPeer(address: string, bytes: Uint8Array | string, { ends = false } = {}): Promise<void> {
  const { host, port } = parseSocketAddress(address)!;
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ host, port, localAddress: PEER });
  socket.on("error", () => {}); // the gateway may hang up
  socket.on("close", () => resolve());
  socket.on("data", () => {});
  if (ends) socket.end(bytes);
  else socket.write(bytes);
  await promise;
}

/** Every encoding in which a secret could appear. */
function writings(secret: Uint8Array): string[] {
  return [secret.toHex(), secret.toBase64(), encodeBase58(secret), Array.from(secret).join(",")];
}

Deno.test({
  name: "no contents, address, token or peer's IP appears in the log or on the operator's pages",
  ignore: Deno.build.os !== "linux", // which has all of 127.0.0.0/8
  fn: async () => {
    const operator = `127.0.0.1:${quietPort()}`;
    await using gateway = await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY);
    gateway.environment = { RUST_LOG: "trace" };
    gateway.configure((config) => {
      config.operator.listeningAddress = operator;
      config.mixnetEndpoint.forwardTo = "any";
      config.limits.limitLoopback = true;
      config.limits.registrationsPerHourPerNetwork = 2;
      config.limits.wrongTokensPerHourPerNetwork = 1;
      config.limits.mixnetFrameDeadline = 100;
      config.debug.initialConnectionTimeout = 100;
    });
    await gateway.start();
    const [address, stranger] = [randomClientAddress(), randomClientAddress()];
    const key = decodeBase58(gateway.publicKey)!;
    const clients = parseSocketAddress(gateway.clients)!;
    const packet = packetFor(key, address, new TextEncoder().encode(CONTENTS));
    const base58 = encodeBase58(address);

    await using client = await TestClient.connect(clients);
    const { token } = await client.request({ type: "register", address: base58 }) as { token: string };
    await sendAsPeer(gateway.mixnet, frame(packet, packet, packetFor(key, stranger, new Uint8Array(5))), {
      ends: true,
    });
    assertEquals(new TextDecoder().decode(await client.message()), CONTENTS);
    await sendAsPeer(gateway.mixnet, frame(packet).subarray(0, 700)); // and nothing more before the deadline
    await sendAsPeer(gateway.mixnet, crypto.getRandomValues(new Uint8Array(5000)));
    const to = { host: MIXNODE, port: 9 };
    client.send(new Uint8Array([...encodeNodeAddress(to), ...new Uint8Array(PACKET_SIZE)]));
    await client.answer();
    for (
      const request of [
        { type: "register", address: base58 },
        { type: "authenticate", address: base58, token: token.slice(0, -2) + "11" },
        { type: "authenticate", address: base58, token: `${token}1` },
        { type: "authenticate", address: encodeBase58(stranger), token },
        { type: "register", address: `${base58}x` },
        { type: token, address: base58 },
      ]
    ) {
      await using guest = await TestClient.connect(clients);
      await guest.request(request).catch(() => {}); // some are cut off
    }
    client.send(`{"type":"${base58}`);
    await client.answer();
    for (
      const request of [
        `GET /${base58} HTTP/1.1\r\nhost: x\r\n\r\n`,
        `GET /?token=${token} HTTP/1.1\r\nhost: ${base58}\r\nupgrade: websocket\r\nsec-websocket-key: ${token}\r\n\r\n`,
        `${base58} ${token}\r\n\r\n`,
        `GET / HTTP/1.1\r\nx: ${base58.repeat(500)}\r\n\r\n`,
      ]
    ) await sendAsPeer(gateway.clients, request);
    await using _waiting = await TestClient.connect(clients); // has not logged in
    await sendAsPeer(gateway.mixnet, frame(packetFor(key, address, new TextEncoder().encode(CONTENTS))), {
      ends: true,
    });
    await new Operator(operator).reaches('mixnet_streams_broken_total{reason="stalled"}', 1);

    const told: Record<string, string> = {};
    for (const path of ["/", "/metrics", "/readyz", "/status.json", "/status.json?range=day"]) {
      told[path] = await (await fetch(`http://${operator}${path}`)).text();
    }
    for (const command of ["status", "inboxes", "check", "node-details"]) {
      for (const output of ["text", "json"]) {
        const { stdout, stderr } = await gateway.carryOut(command, "--output", output);
        told[`${command}, ${output}`] = stdout + stderr;
      }
    }
    assertEquals(await gateway.stop(), 0);
    told["log"] = gateway.log;
    const secrets = [CONTENTS, btoa(CONTENTS), token, PEER, MIXNODE, ...[address, stranger].flatMap(writings)];
    for (const [where, text] of Object.entries(told)) {
      assert(text.length > 20, `${where} says nothing`);
      for (const secret of secrets) assert(!text.includes(secret), `${secret} is in ${where}:\n${text}`);
    }
  },
});
