import { assertEquals } from "@std/assert";
import { parseTopology } from "../../src/protocol/topology.ts";

const MIXNODE = { host: "1.2.3.4:1789", pubKey: "m", layer: 1, version: "0.7.0", location: "x", lastSeen: 5 };
const GATEWAY = {
  clientListener: "ws://1.2.3.4:9000",
  mixnetListener: "1.2.3.4:1789",
  pubKey: "g",
  version: "0.7.0",
  location: "x",
  registeredClients: [{ pubKey: "c" }],
  lastSeen: 6,
};

const topology = (mixNodes: unknown[], gatewayNodes: unknown[]) =>
  parseTopology({ cocoNodes: [], mixNodes, mixProviderNodes: [], gatewayNodes });

Deno.test("a topology is parsed as it was posted", () => {
  assertEquals(topology([MIXNODE], [GATEWAY]), { mixNodes: [MIXNODE], gatewayNodes: [GATEWAY] });
});

Deno.test("unknown fields are ignored, and informational ones may be missing", () => {
  const { version: _version, location: _location, lastSeen: _lastSeen, ...mixnode } = MIXNODE;
  assertEquals(topology([{ ...mixnode, mood: "good" }], []), {
    mixNodes: [{ ...mixnode, version: "", location: "", lastSeen: 0 }],
    gatewayNodes: [],
  });
});

Deno.test("an unusable entry does not hide the others", () => {
  const mixnodes = [null, 5, [], {}, { ...MIXNODE, layer: 0 }, { ...MIXNODE, layer: "1" }, { ...MIXNODE, host: 1 }];
  const gateways = ["x", { ...GATEWAY, pubKey: undefined }, { ...GATEWAY, registeredClients: [7, { pubKey: "d" }] }];
  assertEquals(topology([...mixnodes, MIXNODE], [...gateways, GATEWAY]), {
    mixNodes: [MIXNODE],
    gatewayNodes: [{ ...GATEWAY, registeredClients: [{ pubKey: "d" }] }, GATEWAY],
  });
});

Deno.test("anything but a topology is refused", () => {
  for (const json of [null, 5, "x", [], {}, { mixNodes: [] }, { mixNodes: {}, gatewayNodes: [] }]) {
    assertEquals(parseTopology(json), undefined);
  }
});
