import { assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import { formatSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { encodeNodeAddress } from "../../src/sphinx/node_address.ts";
import { DirectoryServer } from "../directory/directory_server.ts";
import { FakeMixnode } from "../mixnet/fake_mixnode.ts";
import { numberedPacket } from "../mixnet/numbered_packets.ts";
import { assertServed, Besieged, many, report } from "./besieged.ts";
import { logIn, register } from "./members.ts";

const MEMORY = 150; // allowed growth in MB
const MiB = 1024 * 1024;

const mixnode = (at: SocketAddress) => ({
  host: formatSocketAddress(at),
  pubKey: "a mixnode's",
  layer: 1,
  version: "0.7.0",
  location: "here",
  lastSeen: 0,
});

/** The answer to a client that sends packet 0 to that address. */
async function forward({ clientsAddress }: Besieged, to: SocketAddress): Promise<unknown> {
  await using client = await logIn(clientsAddress, await register(clientsAddress));
  const address = encodeNodeAddress(to);
  const request = new Uint8Array(address.length + PACKET_SIZE);
  request.set(address);
  request.set(numberedPacket(0), address.length);
  client.send(request);
  return await client.answer();
}

Deno.test("gateways with very many clients in the topology neither stop forwarding nor delay anyone", async () => {
  const size = many(34, 120) * MiB;
  const client = `{"pubKey":"${"4fg7".repeat(11)}"},`;
  const clients = client.repeat(size / client.length);
  await using relay = new FakeMixnode();
  await using directory = new DirectoryServer();
  const gateways =
    `[{"clientListener":"ws://1.2.3.4:1","mixnetListener":"1.2.3.4:2","pubKey":"g","registeredClients":[${clients}{}]}]`;
  directory.topology = () =>
    new Response(`{"mixNodes":[${JSON.stringify(mixnode(relay.address))}],"gatewayNodes":${gateways}}`);
  await using besieged = await Besieged.start(({ gateway }) => gateway.presenceDirectoryServer = directory.url);
  assertEquals(await forward(besieged, relay.address), { type: "send", status: true });
  await relay.events.reached("packets", 1);
  const growth = await besieged.memoryGrowth();
  const served = await besieged.endProbing();
  report("a topology of many clients", { MiB: size / MiB, "MB grown": growth, ...served });
  assertLessOrEqual(growth, MEMORY);
  assertServed(served);
});

Deno.test("a posted mixnode does not make the gateway connect within its own network", async () => {
  await using inner = new FakeMixnode(); // a service that trusts connections from this machine
  await using directory = new DirectoryServer();
  const { port } = inner.address;
  const hosts = ["127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0"].map((host) => ({ host, port }));
  const mixNodes = [...hosts.map(mixnode), { ...mixnode(inner.address), host: `localhost:${port}` }];
  directory.topology = () => Response.json({ mixNodes, gatewayNodes: [] });
  await using besieged = await Besieged.start(({ gateway, mixnetEndpoint }) => {
    gateway.presenceDirectoryServer = directory.url;
    mixnetEndpoint.announceAddress = "9.9.9.9:1789";
  });
  for (const host of hosts) {
    assertEquals((await forward(besieged, host) as { type: string }).type, "error");
  }
  assertEquals(inner.events.of("connections"), 0);
  assertMatch(besieged.gateway.log, /ignoring \d+ of the directory's mixnodes/);
});

Deno.test("an entry with a gateway's address and another key does not keep it from starting, but the health check warns", async () => {
  await using directory = new DirectoryServer();
  await using besieged = await Besieged.start(({ gateway, mixnetEndpoint, clientsEndpoint }) => {
    gateway.presenceDirectoryServer = directory.url;
    const { announceAddress: mixnetListener } = mixnetEndpoint;
    const { announceAddress: clientListener } = clientsEndpoint;
    const entry = { pubKey: "an attacker's", mixnetListener, clientListener, registeredClients: [] };
    directory.topology = () => Response.json({ mixNodes: [], gatewayNodes: [entry] });
  });
  await besieged.operator.says(
    /^warn +directory +the gateway with public key an attacker's announces our clients' address/m,
  );
  const served = await besieged.endProbing();
  assertServed(served);
});
