/**
 * Stands for a client's address on the disk and in the mailbox: 64 hexadecimal digits that reveal nothing about it
 * without the storage key (sealing.ts).
 */
export type Pseudonym = string & { readonly pseudonym: never };

/** The pseudonym of 32 bytes. */
export function pseudonymOf(bytes: Uint8Array): Pseudonym {
  return bytes.toHex() as Pseudonym;
}

/** The pseudonym as 32 bytes, as in the database's keys. */
export function bytesOfPseudonym(pseudonym: Pseudonym): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(pseudonym);
}
