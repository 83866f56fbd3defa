import { POINT_SIZE, SCALAR_SIZE } from "../constants.ts";
import { decodeScalar, type Multiplier } from "../curve.ts";
import { STACK_SIZE } from "./stack.ts";
import { hasSimd, hasWideArithmetic } from "./support.ts";

/** What a module exports; see rust/multiply/src/lib.rs. */
interface Exports {
  /** of constant size */
  memory: WebAssembly.Memory;
  /** the address of the scalar, 32 bytes */
  scalar(): number;
  /** the address of the point, 32 bytes */
  point(): number;
  /** replaces the point by the product and returns 1; returns 0 where there is none */
  multiply(): number;
}

/** The u-coordinate of the base point. */
const BASE = new Uint8Array(POINT_SIZE);
BASE[0] = 9;

/**
 * The fastest multiplication that WebAssembly offers here. Undefined where there is no WebAssembly with SIMD, or where a
 * page's Content-Security-Policy forbids it: `wasm-unsafe-eval` allows it.
 */
export async function loadMultiplier(): Promise<Multiplier | undefined> {
  if (!hasSimd()) return undefined;
  const { MODULE } = hasWideArithmetic() ? await import("./multiply_wide_wasm.ts") : await import("./multiply_wasm.ts");
  try {
    return await multiplierFrom(MODULE);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}

/** Multiplies in the memory of a module, given in base64. Neither scalars nor products stay there. */
export async function multiplierFrom(module: string): Promise<Multiplier & { readonly memory: WebAssembly.Memory }> {
  const bytes = Uint8Array.from(atob(module), (character) => character.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes);
  const kernel = instance.exports as unknown as Exports;
  const { memory } = kernel;
  const stack = new Uint8Array(memory.buffer, 0, STACK_SIZE);
  const scalarSlot = new Uint8Array(memory.buffer, kernel.scalar(), SCALAR_SIZE);
  const pointSlot = new Uint8Array(memory.buffer, kernel.point(), POINT_SIZE);

  const multiply = (scalar: Uint8Array, point: Uint8Array) => {
    decodeScalar(scalar); // throws if it is out of range
    if (point.length !== POINT_SIZE) throw new RangeError(`a point is ${POINT_SIZE} bytes, got ${point.length}`);
    scalarSlot.set(scalar);
    pointSlot.set(point);
    const product = kernel.multiply() === 1 ? pointSlot.slice() : undefined;
    // Done from here because compiled code spills secrets to the stack, where it cannot wipe them itself.
    stack.fill(0);
    scalarSlot.fill(0);
    pointSlot.fill(0);
    return product;
  };
  const publicKeyOf = (privateKey: Uint8Array) => {
    const publicKey = multiply(privateKey, BASE);
    if (!publicKey) throw new RangeError("a private key is not zero");
    return publicKey;
  };
  return { memory, multiply, publicKeyOf };
}
