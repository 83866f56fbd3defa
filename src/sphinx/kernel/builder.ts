import type { Builder, PacketPlan } from "../build.ts";
import {
  ADDRESS_SIZE,
  DELAY_SIZE,
  MAX_HOPS,
  MAX_MESSAGE_SIZE,
  NODE_ADDRESS_SIZE,
  PACKET_SIZE,
  PADDING_SIZE,
  POINT_SIZE,
  SCALAR_SIZE,
} from "../constants.ts";
import { STACK_SIZE } from "./stack.ts";
import { hasSimd, hasWideArithmetic } from "./support.ts";

/** What a module exports; see rust/builder/src/lib.rs. */
export interface BuilderKernel {
  /** of constant size */
  memory: WebAssembly.Memory;
  /** the address of the plan */
  plan(): number;
  /** the address of the packet */
  packet(): number;
  /** builds the packet of a plan with `hops` hops and a message of `length` bytes; returns 1, or 0 if there is no such packet */
  build(hops: number, length: number): number;
}

// A plan in a module's memory: secret ‖ padding ‖ destination ‖ message ‖ for each hop: public key, address, delay.
const PADDING_AT = SCALAR_SIZE;
const DESTINATION_AT = PADDING_AT + PADDING_SIZE;
const MESSAGE_AT = DESTINATION_AT + ADDRESS_SIZE;
const HOPS_AT = MESSAGE_AT + MAX_MESSAGE_SIZE;
const ADDRESS_IN_HOP = POINT_SIZE;
const DELAY_IN_HOP = ADDRESS_IN_HOP + NODE_ADDRESS_SIZE;
const HOP_SIZE = DELAY_IN_HOP + DELAY_SIZE;
/** A plan with its hops: 1647 bytes. */
export const PLAN_SIZE: number = HOPS_AT + MAX_HOPS * HOP_SIZE;

/**
 * The fastest builder that WebAssembly offers here. Undefined where there is no WebAssembly with SIMD, or where a page's
 * Content-Security-Policy forbids it: `wasm-unsafe-eval` allows it.
 */
export async function loadBuilder(): Promise<Builder | undefined> {
  if (!hasSimd()) return undefined;
  const { MODULE } = hasWideArithmetic() ? await import("./builder_wide_wasm.ts") : await import("./builder_wasm.ts");
  try {
    return builderFrom(await instantiate(MODULE));
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}

/** Instantiates a module, given as gzip in base64. */
export async function instantiate(module: string): Promise<BuilderKernel> {
  const compressed = new Blob([Uint8Array.from(atob(module), (character) => character.charCodeAt(0))]);
  const bytes = new Response(compressed.stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  const { instance } = await WebAssembly.instantiate(await bytes);
  return instance.exports as unknown as BuilderKernel;
}

/** Builds in a kernel's memory, where nothing of a packet or its plan stays. */
export function builderFrom(kernel: BuilderKernel): Builder {
  const { buffer } = kernel.memory;
  const stack = new Uint8Array(buffer, 0, STACK_SIZE);
  const planSlot = new Uint8Array(buffer, kernel.plan(), PLAN_SIZE);
  const packetSlot = new Uint8Array(buffer, kernel.packet(), PACKET_SIZE);
  return {
    build(plan) {
      write(plan, planSlot);
      const packet = kernel.build(plan.route.length, plan.message.length) === 1 ? packetSlot.slice() : undefined;
      // Done from here because compiled code spills secrets to the stack, where it cannot wipe them itself.
      stack.fill(0);
      planSlot.fill(0);
      packetSlot.fill(0);
      return packet;
    },
  };
}

function write({ route, destination, message, secret, padding }: PacketPlan, slot: Uint8Array): void {
  slot.set(secret);
  slot.set(padding, PADDING_AT);
  slot.set(destination, DESTINATION_AT);
  slot.set(message, MESSAGE_AT);
  const view = new DataView(slot.buffer, slot.byteOffset);
  for (const [i, { publicKey, address, delay }] of route.entries()) {
    const at = HOPS_AT + i * HOP_SIZE;
    slot.set(publicKey, at);
    slot.set(address, at + ADDRESS_IN_HOP);
    view.setBigUint64(at + DELAY_IN_HOP, delay);
  }
}
