/**
 * The Double Ratchet with header encryption, as published by Signal ("The Double Ratchet Algorithm", section 4), with
 * X25519, HKDF and HMAC with SHA-256, ChaCha20-Poly1305 for messages and XChaCha20-Poly1305 for headers. Each message has
 * its own key, which is forgotten once used; each answer brings a fresh Diffie-Hellman secret. So keys stolen today open
 * no earlier messages, and no later ones once both sides have answered. A message does not show which conversation it
 * belongs to.
 *
 * A state is immutable: every message makes a new one, which must be stored before the message is sent.
 */
import { chacha20poly1305, xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { generateKeyPair, KEY_SIZE, type KeyPair, type RandomBytes, sharedSecret } from "./key_pair.ts";

const TAG_SIZE = 16;
/** random, since a header key encrypts many headers */
const HEADER_NONCE_SIZE = 24;
/** ratchet key ‖ length of the previous chain (u32, big-endian) ‖ number in this chain (u32) */
const HEADER_SIZE = KEY_SIZE + 8;
const SEALED_HEADER_SIZE = HEADER_NONCE_SIZE + HEADER_SIZE + TAG_SIZE;
/** A message key encrypts one message only. */
const MESSAGE_NONCE = new Uint8Array(12);

/** Bytes by which a message is longer than its plaintext. */
export const RATCHET_OVERHEAD: number = SEALED_HEADER_SIZE + TAG_SIZE;
/**
 * The most messages of a chain that may be missing before one that arrives. An honest sender that is never answered sends
 * about one an hour, and a window of 64 after each restart. A peer that skips as many costs a fraction of a second.
 */
const MAX_SKIP = 16_384;
/** Keys that are kept for missing messages. What an older one would have opened is sent again under a new one. */
const MAX_SKIPPED_KEYS = 128;

/** One side of a conversation. What is undefined has not begun yet; names in brackets are the publication's. */
export interface Ratchet {
  /** [AD] authenticated with every message */
  readonly associatedData: Uint8Array;
  /** [DHs] */
  readonly own: KeyPair;
  /** [DHr] */
  readonly peer: Uint8Array | undefined;
  /** [RK] */
  readonly rootKey: Uint8Array;
  /** [CKs, Ns, HKs] of the messages sent */
  readonly sending: Chain | undefined;
  /** [CKr, Nr, HKr] of those received */
  readonly receiving: Chain | undefined;
  /** [PN] messages in the previous sending chain */
  readonly previous: number;
  /** [NHKs] */
  readonly nextSendingHeader: Uint8Array;
  /** [NHKr] */
  readonly nextReceivingHeader: Uint8Array;
  /** [MKSKIPPED] at most 128, the oldest first */
  readonly skipped: readonly SkippedKey[];
}

/** Messages in one direction, up to the next answer. */
export interface Chain {
  /** of the next message */
  readonly key: Uint8Array;
  /** of the next message */
  readonly number: number;
  /** of all headers in the chain */
  readonly header: Uint8Array;
}

/** The key of a message that has not arrived. */
export interface SkippedKey {
  /** of its header */
  readonly header: Uint8Array;
  /** in its chain */
  readonly number: number;
  /** of the message */
  readonly key: Uint8Array;
}

/** What both sides agree on first. */
export interface RatchetSecrets {
  /** [SK] */
  readonly rootKey: Uint8Array;
  /** [shared_hka] of the initiator's first headers */
  readonly initiatorHeader: Uint8Array;
  /** [shared_nhkb] of the responder's first headers */
  readonly responderHeader: Uint8Array;
  /** [AD] */
  readonly associatedData: Uint8Array;
}

/** The side that knows the other's first ratchet key, and can send at once. */
export function initiatorRatchet(secrets: RatchetSecrets, peer: Uint8Array, random: RandomBytes): Ratchet {
  const { associatedData, rootKey, initiatorHeader, responderHeader } = secrets;
  const own = generateKeyPair(random);
  const step = nextRoot(rootKey, sharedSecret(own, peer));
  return {
    associatedData,
    own,
    peer,
    rootKey: step.rootKey,
    sending: { key: step.chainKey, number: 0, header: initiatorHeader },
    receiving: undefined,
    previous: 0,
    nextSendingHeader: step.nextHeader,
    nextReceivingHeader: responderHeader,
    skipped: [],
  };
}

/** The side whose first ratchet key is `own`: it can send once it has received something. */
export function responderRatchet(secrets: RatchetSecrets, own: KeyPair): Ratchet {
  const { associatedData, rootKey, initiatorHeader, responderHeader } = secrets;
  return {
    associatedData,
    own,
    peer: undefined,
    rootKey,
    sending: undefined,
    receiving: undefined,
    previous: 0,
    nextSendingHeader: responderHeader,
    nextReceivingHeader: initiatorHeader,
    skipped: [],
  };
}

/** Encrypts a message. `ratchet.sending` must exist. */
export function seal(
  ratchet: Ratchet,
  plaintext: Uint8Array,
  random: RandomBytes,
): { ratchet: Ratchet; message: Uint8Array } {
  const chain = ratchet.sending!;
  const header = new Uint8Array(HEADER_SIZE);
  header.set(ratchet.own.publicKey);
  new DataView(header.buffer).setUint32(KEY_SIZE, ratchet.previous);
  new DataView(header.buffer).setUint32(KEY_SIZE + 4, chain.number);
  const nonce = random(HEADER_NONCE_SIZE);
  const sealedHeader = concatBytes(nonce, xchacha20poly1305(chain.header, nonce).encrypt(header));
  const { messageKey, chain: sending } = nextMessage(chain);
  const data = concatBytes(ratchet.associatedData, sealedHeader);
  const body = chacha20poly1305(messageKey, MESSAGE_NONCE, data).encrypt(plaintext);
  return { ratchet: { ...ratchet, sending }, message: concatBytes(sealedHeader, body) };
}

/** Decrypts a message; undefined if it is not of this conversation, is damaged, or was decrypted before. */
export function open(
  ratchet: Ratchet,
  message: Uint8Array,
  random: RandomBytes,
): { ratchet: Ratchet; plaintext: Uint8Array } | undefined {
  if (message.length < RATCHET_OVERHEAD) return undefined;
  const sealedHeader = message.subarray(0, SEALED_HEADER_SIZE);
  const body = message.subarray(SEALED_HEADER_SIZE);
  const late = openSkipped(ratchet.skipped, sealedHeader);
  const found = late
    ? { ratchet: { ...ratchet, skipped: late.rest }, messageKey: late.key }
    : advance(ratchet, sealedHeader, random);
  if (!found) return undefined;
  try {
    const data = concatBytes(ratchet.associatedData, sealedHeader);
    return { ratchet: found.ratchet, plaintext: chacha20poly1305(found.messageKey, MESSAGE_NONCE, data).decrypt(body) };
  } catch {
    return undefined;
  }
}

interface Header {
  /** the sender's ratchet key */
  key: Uint8Array;
  /** messages in its previous chain */
  previous: number;
  /** in this chain */
  number: number;
}

/** Moves the receiving chain to a message that is not late, with a Diffie-Hellman step if it begins a new one. */
function advance(
  ratchet: Ratchet,
  sealedHeader: Uint8Array,
  random: RandomBytes,
): { ratchet: Ratchet; messageKey: Uint8Array } | undefined {
  const current = ratchet.receiving && openHeader(ratchet.receiving.header, sealedHeader);
  const header = current ?? openHeader(ratchet.nextReceivingHeader, sealedHeader);
  if (!header) return undefined;
  let moved: Ratchet | undefined = ratchet;
  if (!current) {
    moved = skipTo(moved, header.previous);
    moved = moved && stepRoot(moved, header.key, random);
  }
  moved = moved && skipTo(moved, header.number);
  if (!moved?.receiving) return undefined;
  const { messageKey, chain } = nextMessage(moved.receiving);
  return { ratchet: { ...moved, receiving: chain }, messageKey };
}

/** Keeps the keys of the messages before `number`; undefined if it is too far ahead, or has passed. */
function skipTo(ratchet: Ratchet, number: number): Ratchet | undefined {
  let chain = ratchet.receiving;
  if (!chain) return ratchet;
  if (number < chain.number || number > chain.number + MAX_SKIP) return undefined;
  const skipped = [...ratchet.skipped];
  while (chain.number < number) {
    const next = nextMessage(chain);
    if (number - chain.number <= MAX_SKIPPED_KEYS) {
      skipped.push({ header: chain.header, number: chain.number, key: next.messageKey });
    }
    chain = next.chain;
  }
  return { ...ratchet, receiving: chain, skipped: skipped.slice(-MAX_SKIPPED_KEYS) };
}

/** [DHRatchetHE] */
function stepRoot(ratchet: Ratchet, peer: Uint8Array, random: RandomBytes): Ratchet | undefined {
  try {
    const received = nextRoot(ratchet.rootKey, sharedSecret(ratchet.own, peer));
    const own = generateKeyPair(random);
    const sent = nextRoot(received.rootKey, sharedSecret(own, peer));
    return {
      ...ratchet,
      own,
      peer,
      rootKey: sent.rootKey,
      sending: { key: sent.chainKey, number: 0, header: ratchet.nextSendingHeader },
      receiving: { key: received.chainKey, number: 0, header: ratchet.nextReceivingHeader },
      previous: ratchet.sending?.number ?? 0,
      nextSendingHeader: sent.nextHeader,
      nextReceivingHeader: received.nextHeader,
    };
  } catch {
    return undefined; // a key of low order
  }
}

/** The key of a message that was skipped, and the others; undefined if it is not one of these. */
function openSkipped(
  skipped: readonly SkippedKey[],
  sealedHeader: Uint8Array,
): { key: Uint8Array; rest: SkippedKey[] } | undefined {
  let tried: Uint8Array | undefined;
  let opened: Header | undefined;
  for (const { header, number, key } of skipped) {
    if (header !== tried && !sameBytes(header, tried)) opened = openHeader(tried = header, sealedHeader);
    if (opened?.number !== number) continue;
    return { key, rest: skipped.filter((each) => each.key !== key) };
  }
  return undefined;
}

function openHeader(key: Uint8Array, sealed: Uint8Array): Header | undefined {
  const nonce = sealed.subarray(0, HEADER_NONCE_SIZE);
  try {
    const header = xchacha20poly1305(key, nonce).decrypt(sealed.subarray(HEADER_NONCE_SIZE));
    const numbers = new DataView(header.buffer, header.byteOffset + KEY_SIZE);
    return { key: header.slice(0, KEY_SIZE), previous: numbers.getUint32(0), number: numbers.getUint32(4) };
  } catch {
    return undefined;
  }
}

/** [KDF_RK_HE] */
function nextRoot(rootKey: Uint8Array, secret: Uint8Array) {
  const keys = hkdf(sha256, secret, rootKey, utf8ToBytes("peap conversation, root key"), 3 * KEY_SIZE);
  return {
    rootKey: keys.slice(0, KEY_SIZE),
    chainKey: keys.slice(KEY_SIZE, 2 * KEY_SIZE),
    nextHeader: keys.slice(2 * KEY_SIZE),
  };
}

/** [KDF_CK] */
function nextMessage({ key, number, header }: Chain): { messageKey: Uint8Array; chain: Chain } {
  const messageKey = hmac(sha256, key, Uint8Array.of(1));
  return { messageKey, chain: { key: hmac(sha256, key, Uint8Array.of(2)), number: number + 1, header } };
}

/** Not for secrets: both are keys that this side holds. */
function sameBytes(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.every((byte, i) => byte === b[i]);
}
