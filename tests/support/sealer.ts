import { Sealer } from "../../src/mailbox/sealing.ts";

/** A new sealer with the same storage key each time, as after a restart. */
export function testSealer(): Sealer {
  return new Sealer(new Uint8Array(32).fill(7));
}
