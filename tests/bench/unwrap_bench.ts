// deno-lint-ignore-file no-console -- its table is its purpose
import process from "node:process";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { unwrapWith } from "../../src/sphinx/kernel/kernel.ts";
import { unwrapWithReference } from "../../src/sphinx/kernel/reference.ts";
import { hasSimd, hasWideArithmetic } from "../../src/sphinx/kernel/support.ts";
import { readOutcome, type UnwrapBatch } from "../../src/sphinx/slots.ts";
import { packetFor, randomClientAddress } from "../support/packets.ts";

/** As many as the pool gives a worker. */
const BATCH_PACKETS = 47;
const MESSAGE_SIZE = 500;
/** The ways to unwrap take turns, so that all see the same machine. */
const ROUNDS = 21;
const BATCHES_A_ROUND = 10;
/** The reference is some ten times slower: fewer batches do. */
const REFERENCE_BATCHES_A_ROUND = 1;

interface Contestant {
  name: string;
  unwrapBatch: UnwrapBatch;
  batches: number;
  /** processor µs a packet, one for each round */
  figures: number[];
}

/** Every way to unwrap that this V8 offers, on one core, in one run. Prints a table. */
export async function benchUnwrap(): Promise<void> {
  const { privateKey, publicKey } = generateKeyPair();
  const batch = new Uint8Array(BATCH_PACKETS * PACKET_SIZE);
  for (let at = 0; at < batch.length; at += PACKET_SIZE) {
    batch.set(packetFor(publicKey, randomClientAddress(), crypto.getRandomValues(new Uint8Array(MESSAGE_SIZE))), at);
  }

  const contestants = await enter(privateKey);
  for (let round = 0; round < ROUNDS; round++) {
    for (const contestant of contestants) contestant.figures.push(measure(contestant, batch));
  }

  const { deno, v8 } = Deno.version;
  console.log(`\nunwrap, one core, ${MESSAGE_SIZE}-byte messages, ${ROUNDS} rounds; Deno ${deno}, V8 ${v8}\n`);
  console.log("| way | processor µs a packet: median | least | most |\n| --- | --- | --- | --- |");
  for (const { name, figures } of contestants) {
    const sorted = figures.toSorted((a, b) => a - b);
    const [median, least, most] = [sorted[ROUNDS >> 1]!, sorted[0]!, sorted[ROUNDS - 1]!];
    console.log(`| ${name} | ${median.toFixed(1)} | ${least.toFixed(1)} | ${most.toFixed(1)} |`);
  }
  if (!hasWideArithmetic()) {
    console.log("\nNo wide arithmetic: --v8-flags=--experimental-wasm-wide-arithmetic from V8 15 on");
  }
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

/** Processor µs a packet: of all threads, so that what V8 compiles meanwhile counts as well. */
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

if (import.meta.main) await benchUnwrap();
