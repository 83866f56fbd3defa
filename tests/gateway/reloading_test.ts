import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Gateway } from "../../src/gateway/gateway.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { textHeader } from "../proxies/headers.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayRig } from "../support/gateway_rig.ts";
import { LogLines } from "../support/log_lines.ts";
import { RawClient } from "../support/raw_client.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { selfSigned } from "../tls/self_signed.ts";

Deno.test("reloaded limits apply to clients that are already connected", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  const [guest, client] = [await rig.connect(), await rig.register(new Uint8Array(32).fill(1))];
  const changed = structuredClone(rig.config);
  changed.limits.loginDeadline = 1;
  changed.debug.presenceSendingDelay = 1;
  assertEquals(rig.gateway.reload(() => changed), {
    taken: ["[limits] login_deadline"],
    left: ["[debug] presence_sending_delay"],
  });
  assertEquals((await guest.closed).code, 1008);
  client.send("?");
  assertEquals(await client.answer(), { type: "error", message: "invalid request" });
});

Deno.test("reloaded storage limits apply to new messages, and the health check reports that they are dropped", async () => {
  using log = new LogLines();
  await using rig = await GatewayRig.start(undefined, ({ operator }) => operator.listeningAddress = "127.0.0.1:0");
  const address = new Uint8Array(32).fill(1);
  const client = await rig.register(address);
  const absent = new Uint8Array(32).fill(2);
  await (await rig.register(absent))[Symbol.asyncDispose]();
  await eventually("it is away", () => rig.gateway.counters.get("client_connections_closed") === 1);
  const { host, port } = rig.gateway.operatorAddress!;
  const space = async () => {
    const { checks } = await (await fetch(`http://${host}:${port}/status.json`)).json();
    return checks.find(({ name }: { name: string }) => name === "space");
  };
  const changed = structuredClone(rig.config);
  changed.limits.minimumFreeDisk = Number.MAX_SAFE_INTEGER;
  assertEquals(rig.gateway.reload(() => changed).taken, ["[limits] minimum_free_disk"]);
  await rig.mix(rig.packet(absent, Uint8Array.of(0)), rig.packet(address, Uint8Array.of(1)));
  await eventually("it is dropped", () => rig.gateway.counters.get("messages_refused_disk_low") === 1);
  assertEquals(await client.message(), Uint8Array.of(1), "a client that is online gets its mail");
  const { status, reason } = await space();
  assertEquals(status, "fail");
  assertStringIncludes(reason, "less than minimum_free_disk (9007 TB): new messages are dropped");
  assert(log.texts.includes("New messages are dropped, disk_low: too little disk is free (minimum_free_disk)"));
  assert(log.texts.some((text) => text.startsWith("space fails: ")));
  changed.limits.minimumFreeDisk = 0;
  rig.gateway.reload(() => changed);
  await rig.mix(rig.packet(address, Uint8Array.of(2)));
  assertEquals(await client.message(), Uint8Array.of(2));
});

Deno.test("reloaded proxies are trusted at both ports from then on, and the health check warns of too many", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start(undefined, ({ operator, limits }) => {
    operator.listeningAddress = "127.0.0.1:0";
    limits.limitLoopback = true;
    limits.registrationsPerHourPerNetwork = 1;
  });
  let number = 0;
  const registers = async (client: string) => {
    using raw = await RawClient.connect(rig.gateway.clientsAddress, `x-forwarded-for: ${client}`);
    const before = rig.gateway.counters.get("registrations");
    await raw.send({ type: "register", address: encodeBase58(new Uint8Array(32).fill(++number)) });
    await raw.frameArrived();
    return rig.gateway.counters.get("registrations") > before;
  };
  const mixes = async (packet: Uint8Array<ArrayBuffer>) => {
    const { host: hostname, port } = rig.gateway.mixnetAddress;
    using connection = await Deno.connect({ hostname, port });
    await connection.write(textHeader("192.0.2.1"));
    await connection.write(packet).catch(() => {}); // it may be closed by now
    await connection.closeWrite();
    return await connection.read(new Uint8Array(1)).catch(() => null);
  };
  const config = async () => {
    const { host, port } = rig.gateway.operatorAddress!;
    const { checks } = await (await fetch(`http://${host}:${port}/status.json`)).json();
    return checks.find(({ name }: { name: string }) => name === "config");
  };
  assertEquals([await registers("192.0.2.1"), await registers("198.51.100.1")], [true, false]);
  await mixes(frame(new Uint8Array(PACKET_SIZE)));
  assertEquals(rig.gateway.counters.get("streams_corrupt"), 1);
  const changed = structuredClone(rig.config);
  changed.limits.trustedProxies = ["127.0.0.1"];
  assertEquals(rig.gateway.reload(() => changed).taken, ["[limits] trusted_proxies"]);
  assertEquals([await registers("192.0.2.1"), await registers("198.51.100.1")], [true, true]);
  await mixes(frame(new Uint8Array(PACKET_SIZE)));
  await eventually("its packet is unwrapped", () => rig.gateway.counters.get("packets_received") === 1);
  assertEquals((await config()).status, "ok");
  changed.limits.trustedProxies = ["127.0.0.1", "0.0.0.0/0"];
  rig.gateway.reload(() => changed);
  const { status, reason } = await config();
  assertEquals([status, reason.includes("trusted_proxies has 0.0.0.0/0")], ["warn", true]);
});

Deno.test("an invalid certificate is refused, and nothing else in the file is applied", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const [used, other] = await Promise.all([selfSigned(folder, "used"), selfSigned(folder, "other")]);
  await using rig = await GatewayRig.start(undefined, ({ clientsEndpoint }) => {
    clientsEndpoint.tlsCertificate = used.certificate;
    clientsEndpoint.tlsKey = used.key;
  });
  const changed = structuredClone(rig.config);
  changed.mixnetEndpoint.forwardTo = "any";
  changed.clientsEndpoint.tlsKey = other.key;
  assertThrows(() => rig.gateway.reload(() => changed), OperatorError, "it does not belong to the certificate");
  changed.clientsEndpoint.tlsCertificate = other.certificate;
  assertEquals(rig.gateway.reload(() => changed).taken, [
    "[mixnet_endpoint] forward_to",
    "[clients_endpoint] tls_certificate",
    "[clients_endpoint] tls_key",
  ]);
});

Deno.test("with TLS, an invalid certificate prevents the start", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  await rig.stop();
  const config = structuredClone(rig.config);
  config.clientsEndpoint.tlsCertificate = config.clientsEndpoint.tlsKey = "/nonexistent";
  const refused = await Gateway.start(config, rig.keys, rig.storageKey).then(() => undefined, (error) => error);
  assertEquals([refused instanceof OperatorError, refused.exitCode], [true, 66]);
});
