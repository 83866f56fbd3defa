import { equalBytes } from "@noble/ciphers/utils.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { decodeBase58, encodeBase58 } from "../encoding/base58.ts";
import {
  type AnnouncementProof,
  announcementSecret,
  type DirectoryChallenge,
  isCodeOf,
} from "../protocol/node_proof.ts";
import { NONCE_SIZE } from "../protocol/proof.ts";
import { generateKeyPair } from "../sphinx/curve.ts";

/** ms within which a challenge must be used for the first time */
const CHALLENGE_LIFETIME = 30_000;
/** ms without an announcement after which a session ends: longer than a challenge lives, so that none is used twice */
const SESSION_LIFETIME = 60_000;
/** The most sessions. The one unused for longest ends when there are more. */
const MAX_SESSIONS = 16_384;
/** A nonce is its time (8 bytes), random bytes up to here, and a code of both. */
const RANDOM_END = 16;

/** `unknown`: the node needs a new challenge. `limited`: nothing was checked, because checks take too much time at present. */
export type Verdict = "right" | "wrong" | "unknown" | "limited";

interface Session {
  readonly secret: Uint8Array;
  /** of the latest announcement */
  number: number;
  usedAt: number;
}

/**
 * Challenges nodes to prove their keys, and remembers the secrets that it shares with those that did. A challenge takes no
 * memory: its nonce holds its time and a code that only this directory can make. Times are in ms of any one origin.
 */
export class Sessions {
  readonly #keys = generateKeyPair();
  readonly #nonceKey = crypto.getRandomValues(new Uint8Array(32));
  /** by node and nonce, least recently used first */
  readonly #sessions = new Map<string, Session>();

  /** `directoryKey`: Ed25519, 32 bytes. */
  constructor(private readonly directoryKey: Uint8Array, private readonly maximum = MAX_SESSIONS) {}

  /** A challenge for one node. */
  challenge(now: number): DirectoryChallenge {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_SIZE));
    new DataView(nonce.buffer).setFloat64(0, now);
    nonce.set(this.#codeOf(nonce), RANDOM_END);
    return { nonce, publicKey: this.#keys.publicKey, directoryKey: this.directoryKey };
  }

  /**
   * Whether the proof is that of the node with this key (base58, canonical). `digest` is the SHA-256 of the announcement;
   * `maySpend` says whether a multiplication, about a millisecond, may be spent on a node without a session.
   */
  verify(nodeKey: string, proof: AnnouncementProof, digest: Uint8Array, now: number, maySpend: () => boolean): Verdict {
    this.#end(now);
    const name = `${nodeKey} ${encodeBase58(proof.nonce)}`;
    const session = this.#sessions.get(name);
    if (session === undefined) return this.#open(name, nodeKey, proof, digest, now, maySpend);
    if (!isCodeOf(session.secret, proof, digest) || proof.number <= session.number) return "wrong";
    this.#use(name, { ...session, number: proof.number, usedAt: now });
    return "right";
  }

  /** The number of sessions. */
  get size(): number {
    return this.#sessions.size;
  }

  #open(
    name: string,
    nodeKey: string,
    proof: AnnouncementProof,
    digest: Uint8Array,
    now: number,
    maySpend: () => boolean,
  ): Verdict {
    if (!this.#isFresh(proof.nonce, now)) return "unknown";
    if (!maySpend()) return "limited";
    const key = decodeBase58(nodeKey)!;
    const secret = announcementSecret(this.#keys.privateKey, key, proof.nonce, key, this.directoryKey);
    if (secret === undefined || !isCodeOf(secret, proof, digest)) return "wrong";
    this.#use(name, { secret, number: proof.number, usedAt: now });
    if (this.#sessions.size > this.maximum) this.#sessions.delete(this.#sessions.keys().next().value!);
    return "right";
  }

  #use(name: string, session: Session): void {
    this.#sessions.delete(name);
    this.#sessions.set(name, session);
  }

  #end(now: number): void {
    for (const [name, { usedAt }] of this.#sessions) {
      if (now - usedAt <= SESSION_LIFETIME) return;
      this.#sessions.delete(name);
    }
  }

  /** Whether this directory made the nonce not long ago. */
  #isFresh(nonce: Uint8Array, now: number): boolean {
    const age = now - new DataView(nonce.buffer, nonce.byteOffset).getFloat64(0);
    if (!equalBytes(nonce.subarray(RANDOM_END), this.#codeOf(nonce))) return false;
    return age >= 0 && age <= CHALLENGE_LIFETIME;
  }

  #codeOf(nonce: Uint8Array): Uint8Array {
    return hmac(sha256, this.#nonceKey, nonce.subarray(0, RANDOM_END)).subarray(0, NONCE_SIZE - RANDOM_END);
  }
}
