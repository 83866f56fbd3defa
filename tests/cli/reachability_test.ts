import { assertEquals, assertStringIncludes } from "@std/assert";
import { listeningOf } from "../../src/cli/checks/of_gateway.ts";
import { checkReachability } from "../../src/cli/checks/reachability.ts";
import { type Config, defaultConfig } from "../../src/config/config.ts";
import { portOf } from "../../src/config/addresses.ts";
import { formatSocketAddress } from "../../src/addresses/socket_address.ts";
import { binaryHeader, textHeader } from "../proxies/headers.ts";
import { GatewayRig } from "../support/gateway_rig.ts";
import { freePort } from "../support/reference_network.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { selfSigned } from "../tls/self_signed.ts";

const NOT_FURTHER = "it is this machine's own address, so firewalls further out were not tested";
const ARRIVED = `leads here; ${NOT_FURTHER}`;
const ACCEPTED = `accepts; ${NOT_FURTHER}`;

/** A configuration that announces where it listens, on free ports. */
function configOn(host: string): Config {
  const config = defaultConfig("test", "/none");
  config.mixnetEndpoint.listeningAddress = `${host}:${freePort()}`;
  config.mixnetEndpoint.announceAddress = config.mixnetEndpoint.listeningAddress;
  config.clientsEndpoint.listeningAddress = `${host}:${freePort()}`;
  config.clientsEndpoint.announceAddress = `ws://${config.clientsEndpoint.listeningAddress}`;
  return config;
}

/** The findings, one per line. */
async function found(config: Config, isRunning: boolean): Promise<string[]> {
  const findings = await Array.fromAsync(checkReachability(listeningOf(config), isRunning));
  return findings.map(({ status, subject, found }) => `${status} ${subject}: ${found}`);
}

Deno.test("before the gateway runs, what is sent to the announced addresses must arrive here", async () => {
  for (const host of ["127.0.0.1", "[::1]"]) {
    const config = configOn(host);
    assertEquals(await found(config, false), [
      `ok mixnet reachable: ${config.mixnetEndpoint.announceAddress} ${ARRIVED}`,
      `ok clients reachable: ${config.clientsEndpoint.listeningAddress} ${ARRIVED}`,
    ]);
  }
});

/** Passes the next connection on to a listener, behind a header of the PROXY protocol. Returns where it listens. */
function passingOn(listening: string, header: Uint8Array<ArrayBuffer>): string {
  const proxy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    using outside = await proxy.accept();
    proxy.close();
    using inside = await Deno.connect({ hostname: "127.0.0.1", port: portOf(listening)! });
    await inside.write(header);
    const passing = outside.readable.pipeTo(inside.writable).catch(() => {});
    await inside.readable.pipeTo(outside.writable).catch(() => {});
    await passing;
  })().catch(() => {}); // the connections are closed already
  return `127.0.0.1:${proxy.addr.port}`;
}

Deno.test("before the gateway runs, a PROXY header is no obstacle", async () => {
  const config = configOn("127.0.0.1");
  const { mixnetEndpoint, clientsEndpoint } = config;
  mixnetEndpoint.announceAddress = passingOn(mixnetEndpoint.listeningAddress, binaryHeader("127.0.0.1", 50));
  const clients = passingOn(clientsEndpoint.listeningAddress, textHeader("127.0.0.1"));
  clientsEndpoint.announceAddress = `ws://${clients}`;
  assertEquals(await found(config, false), [
    `ok mixnet reachable: ${mixnetEndpoint.announceAddress} ${ARRIVED}`,
    `ok clients reachable: ${clients} ${ARRIVED}`,
  ]);
});

Deno.test("an announced address that leads elsewhere, or nowhere, is a warning with a remedy", async () => {
  const config = configOn("127.0.0.1");
  await using other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("another"));
  config.mixnetEndpoint.announceAddress = `127.0.0.1:${other.addr.port}`;
  const nobodys = `127.0.0.1:${freePort()}`;
  config.clientsEndpoint.announceAddress = `ws://${nobodys}/way`;
  assertEquals(await found(config, false), [
    `warn mixnet reachable: 127.0.0.1:${other.addr.port} does not lead to this machine`,
    `warn clients reachable: ${nobodys} refuses connections`,
  ]);
  const [mixnet, clients] = await Array.fromAsync(checkReachability(listeningOf(config), false));
  assertStringIncludes(mixnet!.remedy!, `try from another network: nc -vz 127.0.0.1 ${other.addr.port}`);
  assertStringIncludes(clients!.remedy!, "a router without loopback looks like a closed port");
  assertStringIncludes(clients!.remedy!, `curl -i http://${nobodys}/way (426 is right)`);
});

Deno.test("a running gateway answers at its announced addresses itself, and no other program passes for it", async () => {
  using _silence = new Silence();
  const rig = await GatewayRig.start();
  try {
    const [mixnet, clients] = [rig.gateway.mixnetAddress, rig.gateway.clientsAddress].map(formatSocketAddress);
    rig.config.mixnetEndpoint.announceAddress = mixnet!;
    rig.config.clientsEndpoint.announceAddress = `ws://${clients}`;
    assertEquals(await found(rig.config, true), [
      `ok mixnet reachable: ${mixnet} ${ACCEPTED}`,
      `ok clients reachable: ${clients} ${ARRIVED}`,
    ]);
    await using other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("another"));
    rig.config.clientsEndpoint.announceAddress = `ws://127.0.0.1:${other.addr.port}`;
    assertEquals(
      (await found(rig.config, true))[1],
      `warn clients reachable: 127.0.0.1:${other.addr.port} answers "HTTP/1.1 200 OK", which no gateway does`,
    );
  } finally {
    await rig[Symbol.asyncDispose]();
  }
});

Deno.test("a certificate that clients refuse is a failure", async () => {
  using folder = new TemporaryFolder();
  const files = await selfSigned(folder, "own"); // by an unknown authority
  const [cert, key] = [Deno.readTextFileSync(files.certificate), Deno.readTextFileSync(files.key)];
  const config = configOn("127.0.0.1");
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, cert, key, onListen() {} }, () => new Response());
  config.mixnetEndpoint.announceAddress = "203.0.113.7:1789"; // check does not try to connect to that
  config.clientsEndpoint.announceAddress = `wss://127.0.0.1:${server.addr.port}`;
  config.clientsEndpoint.tlsCertificate = files.certificate;
  const [finding, ...more] = await Array.fromAsync(checkReachability(listeningOf(config), true));
  assertEquals(more, []);
  assertEquals([finding!.status, finding!.exitCode], ["fail", 78]);
  assertStringIncludes(finding!.found, `127.0.0.1:${server.addr.port} is refused by clients: `);
  assertStringIncludes(finding!.remedy!, "must be valid for 127.0.0.1, with its whole chain");
});
