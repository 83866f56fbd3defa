import { type HopKind, packetAt, SLOT_SIZE, type UnwrapBatch, writeOutcome } from "../slots.ts";
import { unwrap } from "../unwrap.ts";

/** Unwraps batches with the reference: slow, but it runs everywhere. */
export function unwrapWithReference(privateKey: Uint8Array, hops: HopKind): UnwrapBatch {
  return (batch) => {
    const count = batch.length / SLOT_SIZE;
    for (let i = 0; i < count; i++) writeOutcome(batch, i, unwrap(packetAt(batch, i), privateKey), hops);
  };
}
