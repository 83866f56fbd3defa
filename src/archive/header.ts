import { hkdf } from "@noble/hashes/hkdf.js";
import { scrypt } from "@noble/hashes/scrypt.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ArchiveError, WrongPassphrase } from "./archive_error.ts";

/**
 * How an archive begins, in bytes:
 * magic (20) ‖ format (1) ‖ log2 N (1) ‖ r (1) ‖ p (1) ‖ salt (16) ‖ key check (16) ‖ checksum (8)
 *
 * scrypt (RFC 7914) makes a secret of the passphrase, which is slow on purpose; HKDF-SHA256 (RFC 5869) makes of that
 * secret the key of the segments and the key check, both bound to all that comes before the key check. The checksum, of
 * SHA-256, tells damage from a wrong passphrase: a header that is whole and whose key check differs is not damaged. The
 * key check also makes sure that a file opens with one key only, which ChaCha20-Poly1305 alone does not.
 */
export const HEADER_SIZE = 64;

const MAGIC = new TextEncoder().encode("nym-gateway archive\n");
const FORMAT = 1;
const FORMAT_AT = MAGIC.length;
const SALT_SIZE = 16;
const SALT_AT = FORMAT_AT + 4;
const KEY_CHECK_AT = SALT_AT + SALT_SIZE;
const KEY_CHECK_SIZE = 16;
const CHECKSUM_AT = KEY_CHECK_AT + KEY_CHECK_SIZE;

const KEY_SIZE = 32;
const SEGMENTS = new TextEncoder().encode("nym-gateway archive: segments");
const KEY_CHECK = new TextEncoder().encode("nym-gateway archive: key check");

/** What trying a passphrase costs: 128 · r · 2^log2N bytes of memory, and time in proportion to p times that. */
export interface Cost {
  readonly log2N: number;
  readonly r: number;
  readonly p: number;
}

/** 64 MiB, so that it works where a gateway works, and 0.6 s on a server of 2024. One of OWASP's recommended settings. */
export const USUAL_COST: Cost = { log2N: 16, r: 8, p: 2 };

/** What a file may ask for: 256 MiB and some seconds. */
const MAX_LOG2_N = 18;
const MAX_R = 8;
const MAX_P = 4;

/** A new header, and the key of the segments that follow it. */
export function makeHeader(
  passphrase: string,
  cost: Cost = USUAL_COST,
): { header: Uint8Array<ArrayBuffer>; key: Uint8Array } {
  const header = new Uint8Array(HEADER_SIZE);
  header.set(MAGIC);
  header.set([FORMAT, cost.log2N, cost.r, cost.p], FORMAT_AT);
  crypto.getRandomValues(header.subarray(SALT_AT, KEY_CHECK_AT));
  const { key, check } = deriveKeys(header, passphrase);
  header.set(check, KEY_CHECK_AT);
  header.set(checksumOf(header), CHECKSUM_AT);
  return { header, key };
}

/**
 * Looks at the first bytes of a file, which costs nothing.
 * @throws {ArchiveError} unless they are a whole header whose cost is within bounds
 */
export function checkHeader(bytes: Uint8Array): void {
  if (bytes.length < FORMAT_AT || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new ArchiveError("it is no export of a nym-gateway: it does not begin as one");
  }
  const format = bytes[FORMAT_AT];
  if (format !== undefined && format !== FORMAT) {
    throw new ArchiveError(
      `it is of format ${format}, and this program reads format ${FORMAT}: see whether it is older`,
    );
  }
  if (bytes.length < HEADER_SIZE) {
    throw new ArchiveError(`it is cut short: it ends at byte ${bytes.length}, in its header`);
  }
  if (!isEqual(checksumOf(bytes), bytes.subarray(CHECKSUM_AT, HEADER_SIZE))) {
    throw new ArchiveError(`its header (bytes 0 to ${HEADER_SIZE - 1}) is damaged`);
  }
  const { log2N, r, p } = costIn(bytes);
  if (log2N < 1 || log2N > MAX_LOG2_N || r < 1 || r > MAX_R || p < 1 || p > MAX_P) {
    throw new ArchiveError(
      `its header asks for more work than any export of ours: scrypt with N = 2^${log2N}, r = ${r}, p = ${p}`,
    );
  }
}

/**
 * The key of the segments after a header that {@linkcode checkHeader} has found whole.
 * @throws {WrongPassphrase}
 */
export function openHeader(header: Uint8Array, passphrase: string): Uint8Array {
  const { key, check } = deriveKeys(header, passphrase);
  if (!isEqual(check, header.subarray(KEY_CHECK_AT, CHECKSUM_AT))) throw new WrongPassphrase();
  return key;
}

function deriveKeys(header: Uint8Array, passphrase: string): { key: Uint8Array; check: Uint8Array } {
  const { log2N, r, p } = costIn(header);
  const typed = new TextEncoder().encode(passphrase.normalize("NFC")); // keyboards differ in how they compose "é"
  const salt = header.subarray(SALT_AT, KEY_CHECK_AT);
  const secret = scrypt(typed, salt, { N: 2 ** log2N, r, p, dkLen: KEY_SIZE });
  const bound = header.subarray(0, KEY_CHECK_AT);
  return {
    key: hkdf(sha256, secret, undefined, joined(SEGMENTS, bound), KEY_SIZE),
    check: hkdf(sha256, secret, undefined, joined(KEY_CHECK, bound), KEY_CHECK_SIZE),
  };
}

function costIn(header: Uint8Array): Cost {
  return { log2N: header[FORMAT_AT + 1]!, r: header[FORMAT_AT + 2]!, p: header[FORMAT_AT + 3]! };
}

function checksumOf(header: Uint8Array): Uint8Array {
  return sha256(header.subarray(0, CHECKSUM_AT)).subarray(0, HEADER_SIZE - CHECKSUM_AT);
}

/** None of what is compared here is a secret. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  return new Uint8Array([...a, ...b]);
}
