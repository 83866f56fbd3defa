import { assertEquals, assertRejects } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { LogLines } from "../support/log_lines.ts";
import { randomClientAddress } from "../support/packets.ts";
import { RawClient } from "../support/raw_client.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { selfSigned } from "../tls/self_signed.ts";
import { binaryHeader, textHeader } from "../proxies/headers.ts";
import { ClientsRig } from "./clients_rig.ts";

/** Each network may register twice. */
const LIMITS = { limitLoopback: false, registrationsPerHourPerNetwork: 2, trustedProxies: ["127.0.0.1", "10.0.0.0/8"] };

/** Whether a client may register over a connection that begins with `preamble`, with these lines in its request. */
async function registers(rig: ClientsRig, preamble: Uint8Array<ArrayBuffer>, ...headers: string[]): Promise<boolean> {
  const { address } = rig.server;
  const connection = await Deno.connect({ hostname: address.host, port: address.port });
  await connection.write(preamble);
  using client = await RawClient.over(connection, address, ...headers);
  const before = rig.counters.get("registrations");
  await client.send({ type: "register", address: encodeBase58(randomClientAddress()) });
  await client.frameArrived();
  return rig.counters.get("registrations") > before;
}

const NOTHING = new Uint8Array(0);

Deno.test("limits per network apply to the clients that a trusted proxy names, however it names them", async () => {
  await using rig = await ClientsRig.start({}, LIMITS);
  const ways: [string, (client: string) => Promise<boolean>][] = [
    ["192.0.2", (client) => registers(rig, textHeader(client))],
    ["198.51.100", (client) => registers(rig, binaryHeader(client))],
    ["203.0.113", (client) => registers(rig, NOTHING, `x-forwarded-for: 192.0.2.9, ${client}`)],
    ["198.18.1", (client) => registers(rig, NOTHING, `forwarded: for="${client}:4711";proto=https, for=10.1.1.1`)],
    ["198.18.2", (client) => registers(rig, binaryHeader("10.0.0.7"), `x-forwarded-for: ${client}`)],
    ["198.18.3", (client) => registers(rig, textHeader(client), "x-forwarded-for: 192.0.2.200")],
  ];
  for (const [network, way] of ways) {
    const answers = [];
    for (const host of [1, 2, 3]) answers.push(await way(`${network}.${host}`));
    assertEquals(answers, [true, true, false], network);
  }
  const mixed = [];
  for (const [, way] of ways) mixed.push(await way("198.18.99.1"));
  assertEquals(mixed, [true, true, false, false, false, false]); // one client, however it is named
});

Deno.test("programs on this machine leave others their registrations", async () => {
  await using rig = await ClientsRig.start({}, {
    ...LIMITS,
    registrationsPerHourPerNetwork: 1,
    registrationsPerHour: 40,
  });
  const answers = [];
  for (let i = 0; i < 40; i++) answers.push(await registers(rig, NOTHING));
  assertEquals(answers.filter((isAllowed) => isAllowed).length, 32);
  assertEquals(await registers(rig, textHeader("192.0.2.1")), true);
});

Deno.test("a trusted proxy that names no client counts as itself", async () => {
  await using rig = await ClientsRig.start({}, { ...LIMITS, limitLoopback: true });
  const answers = [];
  for (const preamble of [NOTHING, textHeader(undefined), binaryHeader(undefined)]) {
    answers.push(await registers(rig, preamble));
  }
  assertEquals(answers, [true, true, false]);
  assertEquals(await registers(rig, NOTHING, "x-forwarded-for: unknown"), false);
});

Deno.test("headers that a client has tampered with are refused", async () => {
  await using rig = await ClientsRig.start({}, LIMITS);
  const forged = ["x-forwarded-for: 192.0.2.1", "forwarded: for=192.0.2.2"];
  await assertRejects(() => registers(rig, NOTHING, ...forged), Error, "HTTP/1.1 400");
  assertEquals(await registers(rig, NOTHING, "x-forwarded-for: 192.0.2.1", "forwarded: for=192.0.2.1"), true);
});

Deno.test("from an untrusted peer, a PROXY header is refused and other headers are ignored", async () => {
  await using rig = await ClientsRig.start({}, { ...LIMITS, limitLoopback: true, trustedProxies: ["127.0.0.2"] });
  for (const header of [textHeader("192.0.2.1"), binaryHeader("192.0.2.1")]) {
    await assertRejects(() => registers(rig, header), Error, "no upgrade");
  }
  const answers = [];
  for (const host of [1, 2, 3]) answers.push(await registers(rig, NOTHING, `x-forwarded-for: 192.0.${host}.1`));
  assertEquals(answers, [true, true, false]);
});

Deno.test("an untrusted proxy on this machine that names its clients is reported once", async () => {
  using log = new LogLines();
  await using rig = await ClientsRig.start({}, { ...LIMITS, trustedProxies: [] });
  for (const host of [1, 2]) await registers(rig, NOTHING, `x-forwarded-for: 192.0.2.${host}`);
  const line = "A proxy on this machine forwards clients, but trusted_proxies in [limits] does not name it: " +
    "its clients share the limits of this machine";
  assertEquals(log.texts, [line]);
});

Deno.test("a malformed or overlong PROXY header ends the connection, with a line without addresses", async () => {
  const wrong = [
    "PROXY TCP4 192.0.2.1 192.0.2.300 1 2\r\n",
    `PROXY TCP4 ${"1".repeat(200)}`,
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
  ].map((text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
  using log = new LogLines();
  await using rig = await ClientsRig.start({}, LIMITS);
  for (const header of wrong) await assertRejects(() => registers(rig, header), Error, "no upgrade");
  assertEquals(rig.counters.get("pending_malformed_proxy_header"), 3);
  assertEquals(
    new Set(log.texts),
    new Set(["A trusted proxy sent a malformed PROXY header; closed its connection"]),
  );
});

Deno.test("a PROXY header that does not end is subject to the deadline", async () => {
  await using rig = await ClientsRig.start({}, { ...LIMITS, loginDeadline: 100 });
  const { host: hostname, port } = rig.server.address;
  using connection = await Deno.connect({ hostname, port });
  await connection.write(textHeader("192.0.2.1").subarray(0, 20));
  assertEquals(await connection.read(new Uint8Array(1)).catch(() => null), null);
  assertEquals(rig.counters.get("pending_timed_out"), 1);
});

Deno.test("the PROXY header comes before TLS, in one segment with it or in many", async () => {
  using folder = new TemporaryFolder();
  const files = await selfSigned(folder, "gateway");
  const certificate = await Deno.readTextFile(files.certificate);
  const identity = { certificate, key: await Deno.readTextFile(files.key) };
  await using rig = await ClientsRig.start({}, LIMITS, identity);
  const { host: hostname, port } = rig.server.address;
  for (const preamble of [textHeader("192.0.2.1"), binaryHeader("192.0.2.1", 700)]) {
    const connection = await Deno.connect({ hostname, port });
    for (const byte of preamble) await connection.write(Uint8Array.of(byte));
    const secure = await Deno.startTls(connection, { hostname: "localhost", caCerts: [certificate] });
    using client = await RawClient.over(secure, rig.server.address);
    await client.send({ type: "register", address: encodeBase58(randomClientAddress()) });
    await client.frameArrived();
  }
  assertEquals(rig.counters.get("registrations"), 2);
});
