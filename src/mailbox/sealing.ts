import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { addressOf, type ClientId } from "./client_id.ts";
import { type Pseudonym, pseudonymOf } from "./pseudonym.ts";

/** Bytes of a storage key. */
export const STORAGE_KEY_SIZE = 32;

const CIPHER = "chacha20-poly1305"; // RFC 8439
const SALT_SIZE = 16;
const COUNTER_SIZE = 8;
const TAG_SIZE = 16;
const NONCE_SIZE = 12;
const BODY_AT = SALT_SIZE + COUNTER_SIZE;

/** Bytes that sealing adds to a value. */
export const SEAL_SIZE: number = BODY_AT + TAG_SIZE;

const SEALING = new TextEncoder().encode("nym-gateway storage: sealing");
const PSEUDONYMS = new TextEncoder().encode("nym-gateway storage: pseudonyms");

/** The most cached keys of earlier starts, for opening: one for each start that stored something. */
const MAX_KEYS = 256;
/** The most cached pseudonyms: about 6 MB. */
const MAX_PSEUDONYMS = 16_384;

/**
 * The use of the storage key: seals stored values, and turns clients' addresses into pseudonyms.
 *
 * A sealed value is salt (16) ‖ counter (8, big-endian) ‖ ciphertext ‖ tag (16). Each Sealer draws its own random
 * salt and derives a key with it (HKDF-SHA256, RFC 5869), under which it counts up: so no nonce is ever reused under
 * one key, not even when a backup is restored and sequence numbers repeat.
 *
 * The cipher is the runtime's: it takes 5 µs per message where noble's takes 16, and 1 µs for each further KB
 * (tests/bench/sealing_bench.ts).
 */
export class Sealer {
  readonly #storageKey: Uint8Array;
  readonly #salt = crypto.getRandomValues(new Uint8Array(SALT_SIZE));
  readonly #key: Uint8Array;
  readonly #nonce = new Uint8Array(NONCE_SIZE);
  readonly #keys = new Map<string, Uint8Array>();
  readonly #mac: ReturnType<typeof hmac.create>;
  readonly #pseudonyms = new Map<ClientId, Pseudonym>();
  #counter = 0;

  /**
   * Derives the keys.
   *
   * @param storageKey 32 bytes, secret
   * @throws {RangeError} when it has another length
   */
  constructor(storageKey: Uint8Array) {
    if (storageKey.length !== STORAGE_KEY_SIZE) throw new RangeError(`a storage key has ${STORAGE_KEY_SIZE} bytes`);
    this.#storageKey = storageKey;
    this.#key = this.#derive(this.#salt);
    this.#mac = hmac.create(sha256, hkdf(sha256, storageKey, undefined, PSEUDONYMS, 32));
  }

  /** Encrypts `plain` so that it opens only with the same `context`, which says where the value belongs. */
  seal(plain: Uint8Array, context: Uint8Array): Uint8Array<ArrayBuffer> {
    const sealed = new Uint8Array(plain.length + SEAL_SIZE);
    sealed.set(this.#salt);
    new DataView(sealed.buffer).setBigUint64(SALT_SIZE, BigInt(++this.#counter));
    this.#nonce.set(sealed.subarray(SALT_SIZE, BODY_AT), NONCE_SIZE - COUNTER_SIZE);
    const cipher = createCipheriv(CIPHER, this.#key, this.#nonce, { authTagLength: TAG_SIZE });
    cipher.setAAD(context, { plaintextLength: plain.length });
    sealed.set(cipher.update(plain), BODY_AT);
    cipher.final();
    sealed.set(cipher.getAuthTag(), BODY_AT + plain.length);
    return sealed;
  }

  /** Decrypts a value; undefined when it is damaged, belongs elsewhere or was sealed with another storage key. */
  open(sealed: Uint8Array, context: Uint8Array): Uint8Array | undefined {
    if (sealed.length < SEAL_SIZE) return undefined;
    const nonce = new Uint8Array(NONCE_SIZE);
    nonce.set(sealed.subarray(SALT_SIZE, BODY_AT), NONCE_SIZE - COUNTER_SIZE);
    const bodyEnd = sealed.length - TAG_SIZE;
    const key = this.#keyOf(sealed.subarray(0, SALT_SIZE));
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_SIZE });
    decipher.setAAD(context, { plaintextLength: bodyEnd - BODY_AT });
    decipher.setAuthTag(sealed.subarray(bodyEnd));
    const plain = decipher.update(sealed.subarray(BODY_AT, bodyEnd));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.length); // not a Buffer, whose slice() does not copy
  }

  /** The pseudonym of a client's address: HMAC-SHA256 of it (32 bytes), always the same for one storage key. */
  pseudonym(id: ClientId): Pseudonym {
    let pseudonym = this.#pseudonyms.get(id);
    if (pseudonym === undefined) {
      pseudonym = pseudonymOf(this.#mac.clone().update(addressOf(id)).digest());
      if (this.#pseudonyms.size >= MAX_PSEUDONYMS) this.#pseudonyms.clear();
      this.#pseudonyms.set(id, pseudonym);
    }
    return pseudonym;
  }

  #keyOf(salt: Uint8Array): Uint8Array {
    const name = salt.toHex();
    let key = this.#keys.get(name);
    if (key === undefined) {
      key = this.#derive(salt);
      if (this.#keys.size >= MAX_KEYS) this.#keys.clear();
      this.#keys.set(name, key);
    }
    return key;
  }

  #derive(salt: Uint8Array): Uint8Array {
    return hkdf(sha256, this.#storageKey, salt, SEALING, 32);
  }
}
