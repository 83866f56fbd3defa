import { decode32, encodeBase58 } from "../encoding/base58.ts";
import { PeapError } from "./errors.ts";

/** A client's address (spec §5): its own public key and that of its gateway. */
export interface ClientAddress {
  /** 32 bytes */
  client: Uint8Array;
  /** 32 bytes */
  gateway: Uint8Array;
}

/**
 * Reads `<client base58>@<gateway base58>`.
 *
 * @throws PeapError of kind `address`. The message says what is wrong without quoting the text. TypeError if it is not text.
 */
export function parseAddress(text: string): ClientAddress {
  if (typeof text !== "string") throw new TypeError("An address is text");
  const parts = text.split("@");
  if (parts.length !== 2) throw new PeapError("address", "Cannot read address: expected <client>@<gateway>");
  return {
    client: decodeKey("client", parts[0]!),
    gateway: decodeKey("gateway", parts[1]!),
  };
}

/** `<client base58>@<gateway base58>` */
export function formatAddress({ client, gateway }: ClientAddress): string {
  return `${encodeBase58(client)}@${encodeBase58(gateway)}`;
}

function decodeKey(whose: string, text: string): Uint8Array {
  const key = decode32(text);
  if (!key) throw new PeapError("address", `Cannot read address: its ${whose} part is not base58 of 32 bytes`);
  return key;
}
