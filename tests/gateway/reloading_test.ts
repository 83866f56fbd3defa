import { assert, assertEquals, assertThrows } from "@std/assert";
import { Gateway } from "../../src/gateway/gateway.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayRig } from "../support/gateway_rig.ts";
import { LogLines } from "../support/log_lines.ts";
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
    return checks.find(({ name }: { name: string }) => name === "space").status;
  };
  const changed = structuredClone(rig.config);
  changed.limits.minimumFreeDisk = Number.MAX_SAFE_INTEGER;
  assertEquals(rig.gateway.reload(() => changed).taken, ["[limits] minimum_free_disk"]);
  await rig.mix(rig.packet(absent, Uint8Array.of(0)), rig.packet(address, Uint8Array.of(1)));
  await eventually("it is dropped", () => rig.gateway.counters.get("messages_refused_disk_low") === 1);
  assertEquals(await client.message(), Uint8Array.of(1), "a client that is online gets its mail");
  assertEquals(await space(), "fail");
  assert(log.texts.includes("New messages are dropped, disk_low: too little disk is free (minimum_free_disk)"));
  assert(log.texts.some((text) => text.startsWith("space fails: ")));
  changed.limits.minimumFreeDisk = 0;
  rig.gateway.reload(() => changed);
  await rig.mix(rig.packet(address, Uint8Array.of(2)));
  assertEquals(await client.message(), Uint8Array.of(2));
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
