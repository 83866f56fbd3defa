import { Sealer } from "../../src/mailbox/sealing.ts";

/** A sealer as it is after each start with the same storage key. */
export function testSealer(): Sealer {
  return new Sealer(new Uint8Array(32).fill(7));
}
