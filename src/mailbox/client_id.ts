import { decode32, encodeBase58 } from "../encoding/base58.ts";

/**
 * A client's address as a map key: 64 hexadecimal digits, which the runtime encodes in a fraction of the time
 * of base58. It never leaves the program.
 */
export type ClientId = string & { readonly clientId: never };

/** The id of an address of 32 bytes. */
export function clientId(address: Uint8Array): ClientId {
  return address.toHex() as ClientId;
}

/** The address of 32 bytes. */
export function addressOf(id: ClientId): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(id);
}

/** The id of an address in base58, or undefined when it is not base58 or not 32 bytes. */
export function clientIdFromBase58(text: string): ClientId | undefined {
  const address = decode32(text);
  return address && clientId(address);
}

/** The address in base58, as on the wire and in 0.7.0's files. */
export function clientIdToBase58(id: ClientId): string {
  return encodeBase58(addressOf(id));
}
