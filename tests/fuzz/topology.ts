import { TopologyReader } from "../../src/protocol/topology_reader.ts";
import { parseTopology, type Topology } from "../../src/protocol/topology.ts";
import type { Random } from "../support/random.ts";
import { mutatedText } from "./mutate.ts";
import type { Target } from "./target.ts";

const node = { version: "0.7.0", location: "here", lastSeen: 1_606_094_187_772_000_000 };
const VALID = {
  mixNodes: [
    { host: "203.0.113.1:1789", pubKey: "4fg7", layer: 1, ...node },
    { host: "[2001:db8::2]:1789", pubKey: "9a", layer: 2, ...node },
  ],
  gatewayNodes: [{
    clientListener: "ws://203.0.113.9:9000",
    mixnetListener: "203.0.113.9:1789",
    pubKey: "7n",
    registeredClients: [{ pubKey: "2x" }, { pubKey: "3y" }],
    ...node,
  }],
  cocoNodes: [],
};
const encoder = new TextEncoder();
const TEXT = JSON.stringify(VALID);
const WRONG = [null, undefined, true, -1, 0.5, 1e308, "", "x".repeat(300), [], [[]], {}, { length: -1 }, [null], [1]];

/** Answers of a directory: parsed to a topology with fields of the right types, or refused. */
export const topology: Target = {
  name: "topology-json",
  attempt(random) {
    const text = random.oneIn(2) ? mutatedText(random, TEXT) : JSON.stringify(misshapen(random, VALID)) ?? "";
    const reader = readInParts(random, encoder.encode(text));
    const topology = parseTopology(parsed(text.toWellFormed())); // as it is sent
    if (topology !== undefined) checkSame(reader, topology);
    check(reader.topology);
    if (topology !== undefined) check(topology);
  },
};

function check(topology: Topology): void {
  for (const { host, pubKey, layer, version, location, lastSeen } of topology.mixNodes) {
    if (typeof `${host}` !== typeof host || typeof pubKey !== "string" || !(layer >= 1)) throw new Error("a mixnode");
    if (typeof version !== "string" || typeof location !== "string" || typeof lastSeen !== "number") {
      throw new Error("a presence");
    }
  }
  for (const { registeredClients } of topology.gatewayNodes) {
    if (registeredClients.some(({ pubKey }) => typeof pubKey !== "string")) throw new Error("a client");
  }
}

/** If the whole text can be parsed at once, the result is the same, except for the clients. */
function checkSame({ topology, isComplete }: TopologyReader, whole: Topology): void {
  const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const gateways = whole.gatewayNodes.map((node) => ({ ...node, registeredClients: [] }));
  if (!isComplete) throw new Error("not complete");
  if (!isSame(topology.mixNodes, whole.mixNodes) || !isSame(topology.gatewayNodes, gateways)) {
    throw new Error("not the same");
  }
}

function readInParts(random: Random, bytes: Uint8Array): TopologyReader {
  const reader = new TopologyReader();
  for (let at = 0; at < bytes.length;) {
    const size = random.below(bytes.length) + 1;
    reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  return reader;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A copy with some parts replaced. */
function misshapen(random: Random, value: unknown): unknown {
  if (random.oneIn(12)) return random.pick(WRONG);
  if (Array.isArray(value)) return value.map((each) => misshapen(random, each));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, misshapen(random, each)]));
}
