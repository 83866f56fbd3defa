/**
 * Builds packets in WebAssembly, several times as fast as the library does without it. A client has to be given it:
 *
 * ```ts
 * const client = await Peap.connect({ directory, kernel: await loadKernel() });
 * ```
 *
 * @module
 */
export { loadBuilder as loadKernel } from "../sphinx/kernel/builder.ts";
export type { Builder, Hop, PacketPlan } from "../sphinx/build.ts";
