/**
 * Builds packets in WebAssembly, two to three times as fast as the library does without it. A client has to be given
 * it:
 *
 * ```ts
 * const client = await Peap.connect({ directory, kernel: await loadKernel() });
 * ```
 *
 * @module
 */
export { loadMultiplier as loadKernel } from "../sphinx/kernel/multiply.ts";
export type { Multiplier } from "../sphinx/curve.ts";
