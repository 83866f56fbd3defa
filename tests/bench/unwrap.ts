import process from "node:process";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { unwrapWith } from "../../src/sphinx/kernel/kernel.ts";
import { unwrapWithReference } from "../../src/sphinx/kernel/reference.ts";
import { hasSimd, hasWideArithmetic } from "../../src/sphinx/kernel/support.ts";
import { readOutcome, type UnwrapBatch } from "../../src/sphinx/slots.ts";
import { packetFor, randomClientAddress } from "../support/packets.ts";
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

interface Contestant {
  name: string;
  unwrapBatch: UnwrapBatch;
  batches: number;
  /** processor µs per packet, for each round */
  figures: number[];
}

/** Measures all implementations that this V8 supports, on one core, in one run. */
export async function benchUnwrap(): Promise<UnwrapFigures[]> {
  const { privateKey, publicKey } = generateKeyPair();
  const batch = new Uint8Array(BATCH_PACKETS * PACKET_SIZE);
  for (let at = 0; at < batch.length; at += PACKET_SIZE) {
    batch.set(packetFor(publicKey, randomClientAddress(), crypto.getRandomValues(new Uint8Array(MESSAGE_SIZE))), at);
  }

  const contestants = await enter(privateKey);
  await awaitQuiet();
  for (let round = 0; round < ROUNDS; round++) {
    for (const contestant of contestants) contestant.figures.push(measure(contestant, batch));
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
  const add = (name: string, unwrapBatch: UnwrapBatch, batches = BATCHES_A_ROUND) =>
    contestants.push({ name, unwrapBatch, batches, figures: [] });
  if (hasWideArithmetic()) {
    const kernel = await import("../../src/sphinx/kernel/kernel_wide.wasm");
    add("WebAssembly with wide arithmetic", unwrapWith(kernel, privateKey));
  }
  if (hasSimd()) {
    const kernel = await import("../../src/sphinx/kernel/kernel.wasm");
    add("WebAssembly without wide arithmetic", unwrapWith(kernel, privateKey));
  }
  add("JavaScript", unwrapWithReference(privateKey), REFERENCE_BATCHES_A_ROUND);
  return contestants;
}

/** Processor µs per packet of all threads, so that V8's compilation counts too. */
function measure({ name, unwrapBatch, batches }: Contestant, packets: Uint8Array): number {
  const copies = Array.from({ length: batches }, () => packets.slice());
  const before = process.cpuUsage();
  for (const copy of copies) unwrapBatch(copy);
  const { user, system } = process.cpuUsage(before);
  if (!copies.every((copy) => readOutcome(copy, BATCH_PACKETS - 1).kind === "message")) {
    throw new Error(`${name} does not unwrap`);
  }
  return (user + system) / (batches * BATCH_PACKETS);
}
