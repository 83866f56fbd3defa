import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { MAX_NODES, TopologyReader } from "../../src/directory/topology_reader.ts";
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

/** What is read of a topology in JSON: the same as when it is parsed whole, but for the clients. */
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

Deno.test("it reads what parsing the whole would give, but for clients, wherever the answer is cut", () => {
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

Deno.test("it reads single bytes as well as the whole", () => {
  const json = { mixNodes: [{ ...MIXNODE, location: 'a "quoted\\ [{' }], gatewayNodes: [GATEWAY, GATEWAY] };
  const text = JSON.stringify(json);
  assertEquals(read(text, Array.from(text, (_, i) => i)).topology, expected(json));
});

Deno.test("keys count where they belong and nowhere else", () => {
  const json = {
    cocoNodes: [{ mixNodes: [MIXNODE] }, "mixNodes", [[MIXNODE]]],
    mixNodes: [MIXNODE, [MIXNODE], { nodes: [MIXNODE] }, { ...MIXNODE, location: "registeredClients" }],
    gatewayNodes: [{ ...GATEWAY, more: { registeredClients: 1 } }],
  };
  assertEquals(read(JSON.stringify(json)).topology, expected(json));
});

Deno.test("a key that is written with escapes is no list that is passed over, and its entry is lost alone", () => {
  const clients = Array.from({ length: 1000 }, () => ({ pubKey: "c" }));
  const text = JSON.stringify({
    mixNodes: [],
    gatewayNodes: [{ ...GATEWAY, pubKey: "long", registeredClients: clients }, GATEWAY],
  });
  assertEquals(read(text).topology.gatewayNodes.map(({ pubKey }) => pubKey), ["long", "g"]);
  const escaped = text.replace("registeredClients", "registered\\u0043lients");
  assertEquals(read(escaped).topology.gatewayNodes.map(({ pubKey }) => pubKey), ["g"]);
});

Deno.test("what is no topology, or not all of one, is not complete", () => {
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

Deno.test("nodes are bounded, and whoever has too many of one kind hides none of the other", () => {
  const mixNodes = Array.from({ length: MAX_NODES + 10 }, (_, i) => ({ ...MIXNODE, pubKey: `${i}` }));
  const { topology } = read(JSON.stringify({ mixNodes, gatewayNodes: [GATEWAY] }));
  assertEquals([topology.mixNodes.length, topology.gatewayNodes.length], [MAX_NODES, 1]);
});
