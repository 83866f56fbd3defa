import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToHex, concatBytes, hexToBytes } from "@noble/hashes/utils.js";
import { decodeBase58, encodeBase58 } from "../encoding/base58.ts";

/** What is signed: this, the time, and the SHA-256 of the topology's text. */
const CONTEXT = new TextEncoder().encode("nym-gateway: a directory's topology, version 1");

/** Where a directory answers with a signed topology; one without signatures answers as without the query. */
export const SIGNED_TOPOLOGY_PATH = "/api/presence/topology?signed";
/** The header with the signature: time in ms since 1970, public key in base58, signature in hexadecimal digits. */
export const SIGNATURE_HEADER = "nym-signature";

/** What the header says. */
export interface Signature {
  /** when the directory signed it, ms since 1970 */
  readonly time: number;
  /** the directory's public key, Ed25519 in base58 */
  readonly key: string;
}

/** Signs a topology. Returns the header's text. `digest` is the SHA-256 of the topology's text. */
export function signTopology(privateKey: Uint8Array, time: number, digest: Uint8Array): string {
  const signature = ed25519.sign(signedText(time, digest), privateKey);
  return `${time} ${encodeBase58(ed25519.getPublicKey(privateKey))} ${bytesToHex(signature)}`;
}

/** What the header says, if it is the signature of one of the `trusted` keys (base58); otherwise why it is not. */
export function verifyTopology(
  header: string | null,
  digest: Uint8Array,
  trusted: readonly string[],
): Signature | string {
  if (header === null) return "its topology is not signed";
  const [, time, key, signature] = /^(\d{1,15}) (\w{32,44}) ([\da-f]{128})$/.exec(header) ?? [];
  if (key === undefined) return "the signature of its topology is unreadable";
  if (!trusted.includes(key)) return `its topology is signed with the key ${key}, which is not one of directory_key`;
  const isValid = ed25519.verify(hexToBytes(signature!), signedText(Number(time), digest), decodeBase58(key)!);
  return isValid ? { time: Number(time), key } : "the signature of its topology is wrong";
}

function signedText(time: number, digest: Uint8Array): Uint8Array {
  const when = new Uint8Array(8);
  new DataView(when.buffer).setBigUint64(0, BigInt(time));
  return concatBytes(CONTEXT, when, digest);
}
