import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { MAX_NODES, TopologyReader } from "../../src/protocol/topology_reader.ts";
import { parseTopology } from "../../src/protocol/topology.ts";

const MIXNODE = { host: "1.2.3.4:1789", pubKey: "m", layer: 1, version: "0.7.0", location: "x", lastSeen: 5 };
const GATEWAY = {
  clientListener: "ws://1.2.3.4:9000",
  mixnetListener: "1.2.3.4:1789",
  pubKey: "g",
  version: "0.7.0",
  location: "x",
  registeredClients: [{ pubKey: "c" }, { pubKey: "d" }],
  lastSeen: 6,
};
const encoder = new TextEncoder();

function read(text: string, cuts: readonly number[] = []): TopologyReader {
  const bytes = encoder.encode(text);
  const reader = new TopologyReader();
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  let at = 0;
  for (const end of ends) {
    reader.push(bytes.subarray(at, end));
    at = end;
  }
  return reader;
}

/** The nodes read from a topology in JSON: the same as if it were parsed whole, except for the clients. */
function expected(json: unknown) {
  const topology = parseTopology(json);
  topology?.gatewayNodes.forEach((node) => node.registeredClients = []);
  return topology;
}

const value = fc.jsonValue({ maxDepth: 3 });
const entry = (node: Record<string, unknown>) =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ location: fc.string({ unit: "binary" }), more: value }).map((own) => ({
        ...node,
        ...own,
      })),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(fc.constantFrom(...Object.keys(node)), value).map(([key, other]) => ({
        ...node,
        [key]: other,
      })),
    },
    { weight: 1, arbitrary: value },
  );

Deno.test("it reads the same nodes as a JSON parser, except for clients, wherever the answer is cut", () => {
  const topology = fc.record({
    cocoNodes: value,
    mixNodes: fc.array(entry(MIXNODE), { maxLength: 5 }),
    mixProviderNodes: value,
    gatewayNodes: fc.array(entry(GATEWAY), { maxLength: 5 }),
  });
  fc.assert(
    fc.property(topology, fc.array(fc.nat(), { maxLength: 8 }), fc.boolean(), (json, cuts, isSpaced) => {
      const reader = read(JSON.stringify(json, undefined, isSpaced ? 2 : 0), cuts);
      assertEquals(reader.topology, expected(json));
      assertEquals([reader.isComplete, reader.hasMixnodes], [true, true]);
    }),
    { numRuns: 300 },
  );
});

Deno.test("it reads an answer byte by byte", () => {
  const json = { mixNodes: [{ ...MIXNODE, location: 'a "quoted\\ [{' }], gatewayNodes: [GATEWAY, GATEWAY] };
  const text = JSON.stringify(json);
  assertEquals(read(text, Array.from(text, (_, i) => i)).topology, expected(json));
});

Deno.test("keys count only at their proper place", () => {
  const json = {
    cocoNodes: [{ mixNodes: [MIXNODE] }, "mixNodes", [[MIXNODE]]],
    mixNodes: [MIXNODE, [MIXNODE], { nodes: [MIXNODE] }, { ...MIXNODE, location: "registeredClients" }],
    gatewayNodes: [{ ...GATEWAY, more: { registeredClients: 1 } }],
  };
  assertEquals(read(JSON.stringify(json)).topology, expected(json));
});

Deno.test("clients under a key with escapes are not skipped, and only their entry is lost", () => {
  const clients = Array.from({ length: 1000 }, () => ({ pubKey: "c" }));
  const text = JSON.stringify({
    mixNodes: [],
    gatewayNodes: [{ ...GATEWAY, pubKey: "long", registeredClients: clients }, GATEWAY],
  });
  assertEquals(read(text).topology.gatewayNodes.map(({ pubKey }) => pubKey), ["long", "g"]);
  const escaped = text.replace("registeredClients", "registered\\u0043lients");
  assertEquals(read(escaped).topology.gatewayNodes.map(({ pubKey }) => pubKey), ["g"]);
});

Deno.test("an invalid or partial topology is not complete", () => {
  const whole = JSON.stringify({ mixNodes: [MIXNODE], gatewayNodes: [] });
  const texts = [
    "",
    "<html>",
    "5",
    "[]",
    "{}",
    '{"mixNodes":[]}',
    '{"mixNodes":{},"gatewayNodes":"none"}',
    "}}",
    whole.slice(0, -1),
    "[".repeat(100),
  ];
  for (const text of texts) assertEquals(read(text).isComplete, false, text);
  assertEquals(read(whole).isComplete, true);
});

Deno.test("the number of nodes is bounded, however often the answer has the same list", () => {
  const list = `"mixNodes":[${Array.from({ length: MAX_NODES - 5 }, () => JSON.stringify(MIXNODE)).join()}]`;
  const reader = read(`{${list},${list},"gatewayNodes":[]}`);
  assertEquals([reader.topology.mixNodes.length, reader.isComplete, reader.isWhole], [MAX_NODES, true, false]);
});

Deno.test("the number of nodes is bounded, and too many of one kind do not hide those of the other", () => {
  const mixNodes = Array.from({ length: MAX_NODES + 10 }, (_, i) => ({ ...MIXNODE, pubKey: `${i}` }));
  const { topology } = read(JSON.stringify({ mixNodes, gatewayNodes: [GATEWAY] }));
  assertEquals([topology.mixNodes.length, topology.gatewayNodes.length], [MAX_NODES, 1]);
});
