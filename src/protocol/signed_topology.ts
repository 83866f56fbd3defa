import { ed25519 } from "@noble/curves/ed25519.js";
import { bytesToHex, concatBytes, hexToBytes } from "@noble/hashes/utils.js";
import { decodeBase58, encodeBase58 } from "../encoding/base58.ts";

/** What is signed: this, the time, and the SHA-256 of the topology's text. */
const CONTEXT = new TextEncoder().encode("nym-gateway: a directory's topology, version 1");

/**
 * Where to ask for the topology. A directory of this program signs its answer, and leaves out gateways' clients, which may
 * be many megabytes and which nobody who asks here needs. One of 0.7.0 answers as without the query.
 */
export const TOPOLOGY_PATH = "/api/presence/topology?signed";
/** The header with the signature: time in ms since 1970, public key in base58, signature in hexadecimal digits. */
export const SIGNATURE_HEADER = "nym-signature";

/** ms by which the time of a signature may differ from the clock, unless another time is given: a day */
const MAXIMUM_AGE = 24 * 3600 * 1000;

/** The topologies of a directory whose public keys are known. */
export class TopologyTrust {
  /**
   * When the latest topology that was accepted was signed, ms since 1970; older ones are refused. A time that would be
   * refused now does not count: our clock was ahead then.
   */
  signedAt = 0;

  /**
   * `keys`: Ed25519 in base58, called on every use. Without any, nothing is checked. A topology that was signed more than
   * `maximumAge` ms ago is refused (0: none is), and so is one that will be signed in more than that: until then, no other
   * would be accepted after it. `now` is a clock in ms since 1970.
   */
  constructor(
    private readonly keys: () => readonly string[],
    private readonly maximumAge: () => number = () => MAXIMUM_AGE,
    private readonly now: () => number = () => Date.now(),
  ) {}

  /** Whether topologies must be signed. */
  get isNeeded(): boolean {
    return this.keys().length > 0;
  }

  /** Whether this is one of the directory's keys. */
  includes(key: string): boolean {
    return this.keys().includes(key);
  }

  /** Why a topology is refused; undefined if it is accepted. `header` has its signature; `digest` is its SHA-256. */
  refusalOf(header: string | null, digest: Uint8Array): string | undefined {
    const time = verifiedTime(header, digest, this.keys());
    if (typeof time === "string") return time;
    const now = this.now();
    const maximum = this.maximumAge() || Infinity;
    const signed = `its topology was signed at ${iso(time)}`;
    if (Math.abs(now - time) > maximum) {
      const cause = now > time ? "somebody sends old topologies, or a clock is wrong" : "a clock is wrong";
      return `${signed}, but here it is ${iso(now)}: ${cause}`;
    }
    if (time < this.signedAt && this.signedAt <= now + maximum) {
      const cause = "somebody sends old topologies, or the directory's clock was set back";
      return `${signed}, and an earlier one at ${iso(this.signedAt)}: ${cause}`;
    }
    this.signedAt = time;
    return undefined;
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Signs a topology. Returns the header's text. `digest` is the SHA-256 of the topology's text. */
export function signTopology(privateKey: Uint8Array, time: number, digest: Uint8Array): string {
  const signature = ed25519.sign(signedText(time, digest), privateKey);
  return `${time} ${encodeBase58(ed25519.getPublicKey(privateKey))} ${bytesToHex(signature)}`;
}

/** When it was signed, ms since 1970, if one of the `trusted` keys signed it; otherwise why it is refused. */
function verifiedTime(header: string | null, digest: Uint8Array, trusted: readonly string[]): number | string {
  if (header === null) return "its topology is not signed";
  const [, time, key, signature] = /^(\d{1,15}) (\w{32,44}) ([\da-f]{128})$/.exec(header) ?? [];
  if (key === undefined) return "the signature of its topology is unreadable";
  if (!trusted.includes(key)) return `its topology is signed with the key ${key}, which is not one of directory_key`;
  const isValid = ed25519.verify(hexToBytes(signature!), signedText(Number(time), digest), decodeBase58(key)!);
  return isValid ? Number(time) : "the signature of its topology is wrong";
}

function signedText(time: number, digest: Uint8Array): Uint8Array {
  const when = new Uint8Array(8);
  new DataView(when.buffer).setBigUint64(0, BigInt(time));
  return concatBytes(CONTEXT, when, digest);
}
