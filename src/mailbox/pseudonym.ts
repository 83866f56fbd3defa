/**
 * Stands for a client's address on the disk, and within the mailbox: 64 hexadecimal digits that say nothing of it without
 * the storage key (sealing.ts).
 */
export type Pseudonym = string & { readonly pseudonym: never };

/** The pseudonym that these 32 bytes are. */
export function pseudonymOf(bytes: Uint8Array): Pseudonym {
  return bytes.toHex() as Pseudonym;
}

/** As keys of databases have it: 32 bytes. */
export function bytesOfPseudonym(pseudonym: Pseudonym): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(pseudonym);
}
