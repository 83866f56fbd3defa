import { PACKET_SIZE } from "../constants.ts";
import { packetAt, type UnwrapBatch, writeOutcome } from "../slots.ts";
import { unwrap } from "../unwrap.ts";

/** Unwraps batches with the reference: slow, but it runs everywhere. */
export function unwrapWithReference(privateKey: Uint8Array): UnwrapBatch {
  return (batch) => {
    const count = batch.length / PACKET_SIZE;
    for (let i = 0; i < count; i++) writeOutcome(batch, i, unwrap(packetAt(batch, i), privateKey));
  };
}
