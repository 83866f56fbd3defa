import process from "node:process";
import { buildPacket } from "../../src/sphinx/build.ts";
import { NODE_ADDRESS_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { unwrapWith } from "../../src/sphinx/kernel/kernel.ts";
import { unwrapWithReference } from "../../src/sphinx/kernel/reference.ts";
import { hasSimd, hasWideArithmetic } from "../../src/sphinx/kernel/support.ts";
import { type HopKind, readOutcome, type UnwrapBatch } from "../../src/sphinx/slots.ts";
import { batchOf, randomClientAddress } from "../support/packets.ts";
import { MESSAGE_SIZE } from "./load/plan.ts";
import { progress } from "./progress.ts";
import { awaitQuiet } from "./quiet.ts";
import { median } from "./statistics.ts";

/** Packets in a batch, as in the pool. */
const BATCH_PACKETS = 47;
/** The number of rounds. The implementations take turns, so that all are measured under the same conditions. */
const ROUNDS = 21;
const BATCHES_A_ROUND = 10;
/** Fewer batches for the reference, which is about ten times slower. */
const REFERENCE_BATCHES_A_ROUND = 1;

/** Processor µs per packet. */
export interface UnwrapFigures {
  name: string;
  median: number;
  least: number;
  most: number;
}

/** The outcome of unwrapping each kind of hop. */
const EXPECTED = { final: "message", forward: "forward" } as const;

interface Contestant {
  name: string;
  hops: HopKind;
  unwrapBatch: UnwrapBatch;
  batches: number;
  /** processor µs per packet, for each round */
  figures: number[];
}

/** Measures all implementations that this V8 supports, on one core, in one run. */
export async function benchUnwrap(): Promise<UnwrapFigures[]> {
  const { privateKey, publicKey } = generateKeyPair();
  const next = generateKeyPair().publicKey;
  const batches = { final: batchFor([publicKey]), forward: batchFor([publicKey, next]) };

  const contestants = await enter(privateKey);
  await awaitQuiet();
  for (let round = 0; round < ROUNDS; round++) {
    for (const contestant of contestants) contestant.figures.push(measure(contestant, batches[contestant.hops]));
  }
  const results = contestants.map(({ name, figures }) => ({
    name,
    median: median(figures),
    least: Math.min(...figures),
    most: Math.max(...figures),
  }));
  for (const { name, median } of results) progress(`unwrap: ${name}: ${median.toFixed(1)} µs per packet`);
  if (!hasWideArithmetic()) {
    progress("unwrap: no wide arithmetic without --v8-flags=--experimental-wasm-wide-arithmetic");
  }
  return results;
}

async function enter(privateKey: Uint8Array): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  const add = (name: string, unwrapFor: (hops: HopKind) => UnwrapBatch, batches = BATCHES_A_ROUND) => {
    contestants.push({ name, hops: "final", unwrapBatch: unwrapFor("final"), batches, figures: [] });
    const ofForward = { name: `${name}, forward hop`, hops: "forward", unwrapBatch: unwrapFor("forward") } as const;
    contestants.push({ ...ofForward, batches, figures: [] });
  };
  if (hasWideArithmetic()) {
    const kernel = await import("../../src/sphinx/kernel/kernel_wide.wasm");
    add("WebAssembly with wide arithmetic", (hops) => unwrapWith(kernel, privateKey, hops));
  }
  if (hasSimd()) {
    const kernel = await import("../../src/sphinx/kernel/kernel.wasm");
    add("WebAssembly without wide arithmetic", (hops) => unwrapWith(kernel, privateKey, hops));
  }
  add("JavaScript", (hops) => unwrapWithReference(privateKey, hops), REFERENCE_BATCHES_A_ROUND);
  return contestants;
}

/** A batch of packets for this route. */
function batchFor(publicKeys: readonly Uint8Array[]): Uint8Array {
  const route = publicKeys.map((publicKey) => ({ publicKey, address: new Uint8Array(NODE_ADDRESS_SIZE), delay: 0n }));
  return batchOf(...Array.from({ length: BATCH_PACKETS }, () => {
    return buildPacket(route, randomClientAddress(), crypto.getRandomValues(new Uint8Array(MESSAGE_SIZE)));
  }));
}

/** Processor µs per packet of all threads, so that V8's compilation counts too. */
function measure({ name, hops, unwrapBatch, batches }: Contestant, packets: Uint8Array): number {
  const copies = Array.from({ length: batches }, () => packets.slice());
  const before = process.cpuUsage();
  for (const copy of copies) unwrapBatch(copy);
  const { user, system } = process.cpuUsage(before);
  if (!copies.every((copy) => readOutcome(copy, BATCH_PACKETS - 1).kind === EXPECTED[hops])) {
    throw new Error(`${name} does not unwrap`);
  }
  return (user + system) / (batches * BATCH_PACKETS);
}
