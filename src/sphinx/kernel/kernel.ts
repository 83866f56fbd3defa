import { FINAL_FLAG, FORWARD_FLAG } from "../constants.ts";
import { type HopKind, SLOT_SIZE, type UnwrapBatch } from "../slots.ts";
import { STACK_SIZE } from "./stack.ts";
import { hasSimd, hasWideArithmetic } from "./support.ts";

/** What a kernel module exports; see rust/src/lib.rs. */
export interface Kernel {
  /** of constant size */
  memory: WebAssembly.Memory;
  /** the address of the private key, 32 bytes */
  private_key(): number;
  /** the address of the slots */
  slots(): number;
  /** replaces the packets of the first `count` slots by their results; `flag` is that of the hops that are handled */
  unwrap(count: number, flag: number): void;
}

/** Slots in a kernel's memory. */
const CAPACITY = 64;

/**
 * The fastest way to unwrap that this V8 offers, and its name.
 *
 * @param privateKey 32 bytes, canonical; kept
 * @param hops those that this node handles
 */
export async function chooseUnwrap(
  privateKey: Uint8Array,
  hops: HopKind,
): Promise<{ name: string; unwrapBatch: UnwrapBatch }> {
  if (hasWideArithmetic()) {
    const kernel = await import("./kernel_wide.wasm");
    return { name: "WebAssembly with wide arithmetic", unwrapBatch: unwrapWith(kernel, privateKey, hops) };
  }
  if (hasSimd()) {
    const kernel = await import("./kernel.wasm");
    return { name: "WebAssembly without wide arithmetic", unwrapBatch: unwrapWith(kernel, privateKey, hops) };
  }
  const { unwrapWithReference } = await import("./reference.ts"); // loaded when needed: it is a lot of code
  return { name: "JavaScript", unwrapBatch: unwrapWithReference(privateKey, hops) };
}

/** Unwraps in a kernel's memory, which holds neither keys nor messages between batches. */
export function unwrapWith(kernel: Kernel, privateKey: Uint8Array, hops: HopKind): UnwrapBatch {
  const flag = hops === "forward" ? FORWARD_FLAG : FINAL_FLAG;
  const { buffer } = kernel.memory; // of constant size
  const stack = new Uint8Array(buffer, 0, STACK_SIZE);
  const keySlot = new Uint8Array(buffer, kernel.private_key(), privateKey.length);
  const slots = new Uint8Array(buffer, kernel.slots(), CAPACITY * SLOT_SIZE);
  return (batch) => {
    for (let at = 0; at < batch.length; at += slots.length) {
      const part = batch.subarray(at, at + slots.length);
      keySlot.set(privateKey);
      slots.set(part);
      kernel.unwrap(part.length / SLOT_SIZE, flag);
      part.set(slots.subarray(0, part.length));
      // Done from here because compiled code spills secrets to the stack, where it cannot wipe them itself.
      stack.fill(0);
      keySlot.fill(0);
      slots.fill(0, 0, part.length);
    }
  };
}
