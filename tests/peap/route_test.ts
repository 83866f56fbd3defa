import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { GatewayNode, Mixnode } from "../../src/protocol/topology.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { PeapError } from "../../src/peap/errors.ts";
import { isComplete, readMixnet } from "../../src/peap/mixnet.ts";
import { drawGateways, drawRoute, findGateway } from "../../src/peap/route.ts";
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
  const mixnet = readMixnet({ mixNodes, gatewayNodes }, 3);
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
  const mixnet = readMixnet({ mixNodes, gatewayNodes }, 3);
  const routes = Array.from({ length: 3000 }, () => drawRoute(mixnet, keyOf(8), 200));
  const delays = routes.flatMap(({ hops }) => hops.slice(0, 3).map(({ delay }) => Number(delay) / 1e6));
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
  assertAlmostEquals(mean, 200, 20); // nine standard deviations
  assertAlmostEquals(delays.filter((delay) => delay > 200).length / delays.length, Math.exp(-1), 0.05);
});

Deno.test("a layer without a mixnode is an error that says which", () => {
  const gap = readMixnet({ mixNodes: mixNodes.filter(({ layer }) => layer !== 2), gatewayNodes }, 3);
  assertDirectoryError(() => drawRoute(gap, keyOf(8), 200), "Layer 2 of the mixnet's 3 has no mixnode");
  const flat = readMixnet({ mixNodes: mixNodes.filter(({ layer }) => layer === 1), gatewayNodes }, 3);
  assertDirectoryError(() => drawRoute(flat, keyOf(8), 200), "Layer 2 of the mixnet's 3 has no mixnode");
  assertEquals([isComplete(gap), isComplete(flat), isComplete(readMixnet({ mixNodes, gatewayNodes }, 3))], [
    false,
    false,
    true,
  ]);
});

Deno.test("the client says how deep the mixnet is: nodes of layers beyond are ignored", () => {
  const stray = [4, 9, 1e9].map((layer) => ({ ...mixnode(4, 7), layer }));
  const mixnet = readMixnet({ mixNodes: [...stray, ...mixNodes], gatewayNodes }, 3);
  assertEquals(mixnet, readMixnet({ mixNodes, gatewayNodes }, 3));
  assertEquals(drawRoute(mixnet, keyOf(8), 200).hops.length, 4);
  assertEquals(drawRoute(readMixnet({ mixNodes, gatewayNodes }, 2), keyOf(8), 200).hops.length, 3);
  const four = readMixnet({ mixNodes: [...stray, ...mixNodes], gatewayNodes }, 4);
  assertEquals(drawRoute(four, keyOf(8), 200).hops.length, 5);
});

Deno.test("an unknown gateway is an error that names it", () => {
  const mixnet = readMixnet({ mixNodes, gatewayNodes }, 3);
  assertDirectoryError(() => drawRoute(mixnet, keyOf(9), 200), encodeBase58(keyOf(9)));
  assertDirectoryError(() => findGateway(mixnet, "x"), "no gateway x");
  assertEquals(drawGateways(readMixnet({ mixNodes, gatewayNodes: [] }, 3)), []);
});

Deno.test("nodes of other versions and unreadable ones are skipped", () => {
  const odd: Partial<Mixnode>[] = [
    { version: "0.8.0" },
    { version: "" },
    { version: "0.7.0x" },
    { host: "mix.example:1789" },
    { pubKey: "0OIl" },
    { pubKey: "abc" },
    { pubKey: encodeBase58(new Uint8Array(32)) }, // of low order: no packet can be built for it
    { pubKey: encodeBase58(new Uint8Array(32).fill(1, 0, 1)) },
  ];
  const nodes = odd.map((fields) => ({ ...mixnode(1, 9), ...fields }));
  const { layers } = readMixnet(
    { mixNodes: [...nodes, { ...mixnode(1, 1), version: "0.7.12-rc.1" }], gatewayNodes },
    1,
  );
  assertEquals(layers.map((layer) => layer.map(({ publicKey }) => publicKey)), [[keyOf(1)]]);
  const older = { ...gateway(7), version: "0.6.0" };
  assertEquals(drawGateways(readMixnet({ mixNodes, gatewayNodes: [older, gateway(8)] }, 3)), [gateway(8)]);
});

Deno.test("a gateway with an unreadable mixnet address cannot be routed to", () => {
  const mixnet = readMixnet({ mixNodes, gatewayNodes: [{ ...gateway(7), mixnetListener: "gateway.example:1789" }] }, 3);
  assertDirectoryError(() => drawRoute(mixnet, keyOf(7), 200), "no usable entry");
});

function assertDirectoryError(act: () => unknown, text: string): void {
  assertEquals(assertThrows(act, PeapError, text).kind, "directory");
}
