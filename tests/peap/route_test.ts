import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { GatewayNode, Mixnode } from "../../src/protocol/topology.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { PeapError } from "../../src/peap/errors.ts";
import { readMixnet } from "../../src/peap/mixnet.ts";
import { drawGateway, drawRoute, findGateway } from "../../src/peap/route.ts";
import { formatSocketAddress } from "../../src/addresses/socket_address.ts";
import { decodeNodeAddress } from "../../src/sphinx/node_address.ts";

const COMMON = { version: "0.7.0", location: "here", lastSeen: 0 };
const keyOf = (id: number) => new Uint8Array(32).fill(id);

function mixnode(layer: number, id: number): Mixnode {
  return { ...COMMON, layer, host: `10.0.${layer}.${id}:1789`, pubKey: encodeBase58(keyOf(id)) };
}

function gateway(id: number): GatewayNode {
  const addresses = { clientListener: `ws://10.1.0.${id}:9000`, mixnetListener: `10.1.0.${id}:1789` };
  return { ...COMMON, ...addresses, pubKey: encodeBase58(keyOf(id)), registeredClients: [] };
}

const mixNodes = [mixnode(1, 1), mixnode(1, 2), mixnode(2, 3), mixnode(2, 4), mixnode(3, 5), mixnode(3, 6)];
const gatewayNodes = [gateway(7), gateway(8)];
const hostOf = (address: Uint8Array) => formatSocketAddress(decodeNodeAddress(address)!);

Deno.test("a route passes through a random mixnode of each layer and ends at the recipient's gateway", () => {
  const mixnet = readMixnet({ mixNodes, gatewayNodes });
  const drawn = Array.from({ length: 200 }, () => drawRoute(mixnet, keyOf(8), 200));
  for (const { firstHop, hops } of drawn) {
    assertEquals(hops.map(({ address }) => hostOf(address).slice(0, 6)), ["10.0.1", "10.0.2", "10.0.3", "10.1.0"]);
    assertEquals(hostOf(firstHop), hostOf(hops[0]!.address));
    assertEquals(firstHop.length, 7);
    assertEquals(hops.at(-1), { publicKey: keyOf(8), address: hops.at(-1)!.address, delay: 0n });
  }
  const seen = new Set(drawn.flatMap(({ hops }) => hops.map(({ publicKey }) => publicKey[0]!)));
  assertEquals([...seen].sort(), [1, 2, 3, 4, 5, 6, 8]);
});

Deno.test("delays are exponential with the given mean", () => {
  const mixnet = readMixnet({ mixNodes, gatewayNodes });
  const routes = Array.from({ length: 3000 }, () => drawRoute(mixnet, keyOf(8), 200));
  const delays = routes.flatMap(({ hops }) => hops.slice(0, 3).map(({ delay }) => Number(delay) / 1e6));
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
  assertAlmostEquals(mean, 200, 20); // nine standard deviations
  assertAlmostEquals(delays.filter((delay) => delay > 200).length / delays.length, Math.exp(-1), 0.05);
});

Deno.test("a layer without a mixnode is an error that says which", () => {
  const gap = readMixnet({ mixNodes: mixNodes.filter(({ layer }) => layer !== 2), gatewayNodes });
  assertDirectoryError(() => drawRoute(gap, keyOf(8), 200), "Layer 2 of the mixnet's 3 has no mixnode");
  const none = readMixnet({ mixNodes: [], gatewayNodes });
  assertDirectoryError(() => drawRoute(none, keyOf(8), 200), "knows no mixnode");
  const deep = [1, 2, 3, 4, 5].map((layer) => mixnode(layer, layer));
  assertDirectoryError(() => readMixnet({ mixNodes: deep, gatewayNodes }), "5 layers");
});

Deno.test("an unknown gateway is an error that names it", () => {
  const mixnet = readMixnet({ mixNodes, gatewayNodes });
  assertDirectoryError(() => drawRoute(mixnet, keyOf(9), 200), encodeBase58(keyOf(9)));
  assertDirectoryError(() => findGateway(mixnet, "x"), "no gateway x");
  assertDirectoryError(() => drawGateway(readMixnet({ mixNodes, gatewayNodes: [] })), "no gateway");
});

Deno.test("nodes of other versions and unreadable ones are skipped", () => {
  const odd: Partial<Mixnode>[] = [
    { version: "0.8.0" },
    { version: "" },
    { version: "0.7.0x" },
    { host: "mix.example:1789" },
    { pubKey: "0OIl" },
    { pubKey: "abc" },
  ];
  const nodes = odd.map((fields) => ({ ...mixnode(1, 9), ...fields }));
  const { layers } = readMixnet({ mixNodes: [...nodes, { ...mixnode(1, 1), version: "0.7.12-rc.1" }], gatewayNodes });
  assertEquals(layers.map((layer) => layer.map(({ publicKey }) => publicKey)), [[keyOf(1)]]);
  const older = { ...gateway(7), version: "0.6.0" };
  assertEquals(drawGateway(readMixnet({ mixNodes, gatewayNodes: [older, gateway(8)] })).pubKey, gateway(8).pubKey);
});

Deno.test("a gateway with an unreadable mixnet address cannot be routed to", () => {
  const mixnet = readMixnet({ mixNodes, gatewayNodes: [{ ...gateway(7), mixnetListener: "gateway.example:1789" }] });
  assertDirectoryError(() => drawRoute(mixnet, keyOf(7), 200), "no usable mixnet address");
});

function assertDirectoryError(act: () => unknown, text: string): void {
  assertEquals(assertThrows(act, PeapError, text).kind, "directory");
}
