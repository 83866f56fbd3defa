import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { deriveToken } from "../../src/clients/token.ts";
import { GATEWAY } from "../../src/config/config.ts";
import { OperatorEndpoint } from "../../src/operator/endpoint.ts";
import type { SettingsSection } from "../../src/operator/settings.ts";
import { formatSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayRig, NO_DIRECTORY } from "../support/gateway_rig.ts";
import { LogLines } from "../support/log_lines.ts";
import { randomClientAddress } from "../support/packets.ts";
import { Silence } from "../support/silence.ts";
import { FakeGateway } from "./fake_gateway.ts";

const local = { host: "127.0.0.1", port: 0 };

interface Answer {
  status: number;
  headers: Headers;
  body: string;
}

async function ask(address: SocketAddress, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`http://${formatSocketAddress(address)}${path}`, init);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

/** The status line of a request whose Host header is `host`, which fetch cannot set. */
async function askAs(host: string, { port }: SocketAddress): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(
    new TextEncoder().encode(`GET /status.json HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
  );
  const answer = new Uint8Array(64);
  const length = await connection.read(answer);
  return new TextDecoder().decode(answer.subarray(0, length ?? 0)).split("\r\n")[0]!;
}

Deno.test("a gateway is alive, and ready as long as no check fails", async () => {
  const gateway = new FakeGateway();
  await using endpoint = OperatorEndpoint.listen(local, gateway);
  assertEquals((await ask(endpoint.address, "/healthz")).body, "ok\n");
  const { status, body } = await ask(endpoint.address, "/readyz");
  assertEquals([status, body], [200, "ok    mailbox  a write to the disk took 1 ms\n"]);
});

Deno.test("a gateway with a failing check is alive but not ready, and says why", async () => {
  const gateway = new FakeGateway();
  gateway.verdict = { status: "fail", reason: "no space left on device" };
  await using endpoint = OperatorEndpoint.listen(local, gateway);
  assertEquals((await ask(endpoint.address, "/healthz")).status, 200);
  const { status, body } = await ask(endpoint.address, "/readyz");
  assertEquals([status, body], [503, "fail  mailbox  no space left on device\n"]);
});

Deno.test("a gateway with a warning is ready", async () => {
  const gateway = new FakeGateway();
  gateway.verdict = { status: "warn", reason: "cannot be reached" };
  await using endpoint = OperatorEndpoint.listen(local, gateway);
  assertEquals((await ask(endpoint.address, "/readyz")).status, 200);
});

Deno.test("the page needs no other resources, and its policy forbids them", async () => {
  await using endpoint = OperatorEndpoint.listen(local, new FakeGateway());
  const { headers, body } = await ask(endpoint.address, "/");
  assertEquals(headers.get("content-type"), "text/html; charset=utf-8");
  assertStringIncludes(headers.get("content-security-policy")!, "default-src 'none'");
  assertEquals(body.match(/(src|href)="(?!data:|metrics|readyz|healthz)[^"]*"/g), null);
});

Deno.test("it refuses unknown paths and methods", async () => {
  await using endpoint = OperatorEndpoint.listen(local, new FakeGateway());
  assertEquals((await ask(endpoint.address, "/admin")).status, 404);
  const posted = await ask(endpoint.address, "/", { method: "POST" });
  assertEquals([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
});

Deno.test("a foreign name that points to this machine is refused, on loopback and other addresses", async () => {
  for (const host of ["127.0.0.1", "0.0.0.0"]) {
    await using endpoint = OperatorEndpoint.listen({ host, port: 0 }, new FakeGateway());
    for (const asked of ["localhost:9001", "127.0.0.1", "[::1]:80", `LOCALHOST:${endpoint.address.port}`]) {
      assertEquals(await askAs(asked, endpoint.address), "HTTP/1.1 200 OK", asked);
    }
    for (const asked of ["evil.example:9001", "127.0.0.1.evil.example", "gateway.example.org"]) {
      assertEquals(await askAs(asked, endpoint.address), "HTTP/1.1 403 Forbidden", asked);
    }
  }
});

Deno.test("it answers for the hosts that are currently allowed", async () => {
  const gateway = new FakeGateway();
  await using endpoint = OperatorEndpoint.listen(local, gateway);
  gateway.allowed = ["gateway.example.org"];
  assertEquals(await askAs("Gateway.Example.org:9001", endpoint.address), "HTTP/1.1 200 OK");
  gateway.allowed = [];
  assertEquals(await askAs("gateway.example.org", endpoint.address), "HTTP/1.1 403 Forbidden");
});

Deno.test("a request for an invalid host is refused, and one that fails gets an error without details", async () => {
  const gateway = new FakeGateway();
  await using endpoint = OperatorEndpoint.listen(local, gateway);
  for (const host of ["a b", "[", "%"]) {
    assertEquals(await askAs(host, endpoint.address), "HTTP/1.1 400 Bad Request", host);
  }
  using _silence = new Silence();
  gateway.gauges.workers = () => {
    throw new Error("a secret");
  };
  const { status, body } = await ask(endpoint.address, "/metrics");
  assertEquals([status, body], [500, "The request could not be answered; the log says why.\n"]);
});

Deno.test("a running gateway shows its figures and no secrets", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start(NO_DIRECTORY, ({ operator }) => operator.listeningAddress = "127.0.0.1:0");
  const { operatorAddress, counters } = rig.gateway;
  const bob = randomClientAddress();
  await (await rig.register(bob))[Symbol.asyncDispose]();
  await rig.mix(rig.packet(bob, new Uint8Array(100)));
  await eventually("it is stored", () => counters.get("messages_stored") === 1);

  const metrics = await ask(operatorAddress!, "/metrics");
  assertEquals(metrics.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const ready = await ask(operatorAddress!, "/readyz");
  const status = await ask(operatorAddress!, "/status.json");
  for (
    const line of [
      "nym_gateway_packets_received_total 1",
      "nym_gateway_messages_stored_total 1",
      'nym_gateway_client_logins_total{result="registered"} 1',
      "nym_gateway_inbox_messages 1",
      "nym_gateway_clients_registered 1",
      "nym_gateway_directory_reachable 0",
      'nym_gateway_check_status{check="mailbox",status="ok"} 1',
      "nym_gateway_inbox_bytes_limit 10000000000",
      "nym_gateway_disk_free_minimum_bytes 200000000",
      "nym_gateway_client_connections_limit 10000",
      "nym_gateway_mixnet_connections_limit 2000",
      "nym_gateway_config_last_reload_successful 1",
      "nym_gateway_tls_certificate_expiry_timestamp_seconds NaN",
      "nym_gateway_log_lines_dropped_total 0",
    ]
  ) assert(metrics.body.split("\n").includes(line), line);
  const valueOf = (name: string) => Number(new RegExp(`^${name} (.*)$`, "m").exec(metrics.body)?.[1]);
  if (Deno.build.os !== "windows") {
    assert(valueOf("nym_gateway_descriptors_held") > 10);
    assert(valueOf("nym_gateway_descriptors_limit") > valueOf("nym_gateway_descriptors_held"));
  }
  assert(Math.abs(valueOf("nym_gateway_config_last_reload_success_timestamp_seconds") - Date.now() / 1000) < 600);
  for (const name of ["commit", "unwrap"]) {
    assert(/_count [1-9]/.test(metrics.body.split(`nym_gateway_${name}_duration_seconds_sum`)[1]!), name);
  }
  assertEquals(ready.status, 200, "a gateway is ready even if the directory is down");
  assertEquals(
    ready.body.split("\n").map((line) => line.split(/ +/).slice(0, 2).join(" ")),
    ["ok mailbox", "ok space", "ok mixnet", "ok clients", "ok workers", "warn directory", "ok config", ""],
  );
  const { configuration } = JSON.parse(status.body);
  assertEquals(configuration[0].settings[0], { key: "id", value: "test" });
  assertEquals(
    configuration.flatMap(({ name, settings }: SettingsSection) => settings.map(({ key }) => `${name}.${key}`)),
    GATEWAY.keys.map(({ section, name }) => `${section}.${name}`),
  );

  const shown = metrics.body + ready.body + status.body;
  const secrets = [bob, rig.keys.privateKey, deriveToken(rig.keys.privateKey, bob)].map(encodeBase58);
  for (const secret of secrets) assert(!shown.includes(secret));
});

Deno.test("at the start, a gateway warns of a status page that is open to other machines", async () => {
  for (const [address, isOpen] of [["0.0.0.0:0", true], ["127.0.0.1:0", false], ["[::1]:0", false]] as const) {
    using log = new LogLines();
    await using _rig = await GatewayRig.start(NO_DIRECTORY, ({ operator }) => operator.listeningAddress = address);
    const warning =
      `They are open to other machines without a password, because listening_address in [operator] is ${address};`;
    assertEquals(log.of("warn").some((text) => text.startsWith(warning)), isOpen, address);
  }
});

Deno.test("a gateway serves clients even if the operator's port is taken", async () => {
  using _silence = new Silence();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${taken.addr.port}`;
  await using rig = await GatewayRig.start(NO_DIRECTORY, ({ operator }) => operator.listeningAddress = address);
  assertEquals(rig.gateway.operatorAddress, undefined);
  const bob = randomClientAddress();
  await using client = await rig.register(bob);
  await rig.mix(rig.packet(bob, new Uint8Array(10)));
  assertEquals(await client.message(), new Uint8Array(10));
});
