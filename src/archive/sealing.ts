import { Decrypter, Encrypter } from "age-encryption";
import { ArchiveError, WrongPassphrase } from "./archive_error.ts";
import { Source } from "./source.ts";

/**
 * An archive is an age file (age-encryption.org/v1) sealed with a passphrase. Its key is derived with scrypt, which is
 * slow on purpose: with N = 2^17, one of OWASP's recommended settings, it takes a second and 128 MiB, which a machine
 * with 256 MB has. The contents are chunks of 64 KiB. Each is authenticated together with its position, and the last
 * one is marked.
 */
const WORK_FACTOR = 17;
/** The most that a file may demand: what `age` itself uses, 256 MiB. */
const MAX_WORK_FACTOR = 18;

/** Bytes that are certain to include the whole header. */
export const HEADER_SIZE = 256;

const MAGIC = "age-encryption.org/v1\n";
const BASE64 = "[A-Za-z0-9+/]";
const SCRYPT_HEADER = new RegExp(
  `^${MAGIC}-> scrypt ${BASE64}{22} (?<workFactor>[1-9][0-9]?)\\n${BASE64}{43}\\n--- ${BASE64}{43}\\n`,
);

/** Seals a stream. `workFactor` is log2 of scrypt's N, the cost of trying a passphrase; 17 by default. */
export function sealed(
  plain: ReadableStream<Uint8Array>,
  passphrase: string,
  workFactor: number = WORK_FACTOR,
): Promise<ReadableStream<Uint8Array>> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(workFactor);
  return encrypter.encrypt(plain);
}

/**
 * Checks the first {@linkcode HEADER_SIZE} bytes of a file, or all if it is shorter, without deriving a key.
 *
 * @throws {ArchiveError} unless they are the header of a file sealed with a passphrase, with a work factor within
 *   bounds
 */
export function checkHeader(bytes: Uint8Array): void {
  const text = new TextDecoder("latin1").decode(bytes);
  if (!text.startsWith(MAGIC)) throw new ArchiveError("it is not an export of nym-gateway: it is not an age file");
  if (!text.startsWith("-> scrypt ", MAGIC.length)) throw new ArchiveError("it is not sealed with a passphrase");
  const workFactor = SCRYPT_HEADER.exec(text)?.groups?.["workFactor"];
  if (workFactor === undefined) throw new ArchiveError("its header is damaged");
  if (Number(workFactor) > MAX_WORK_FACTOR) {
    throw new ArchiveError(`it demands more work than any export: scrypt with N = 2^${workFactor}`);
  }
}

/**
 * The contents of a sealed file whose header has been checked. Each piece is authentic, but the file is known to be
 * complete only at the end.
 *
 * @throws {WrongPassphrase} also if the header is damaged
 * @throws {ArchiveError} where it is damaged, cut short or followed by other bytes
 * @throws the error of `sealed`, if it throws
 */
export async function* opened(sealed: AsyncIterable<Uint8Array>, passphrase: string): AsyncGenerator<Uint8Array> {
  const source = new Source(sealed);
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  let position = 0;
  try {
    for await (const piece of await decrypter.decrypt(source.stream())) {
      yield piece;
      position += piece.length;
    }
  } catch (error) {
    source.rethrow();
    if (error instanceof Error && error.message.startsWith("no identity matched")) throw new WrongPassphrase();
    throw new ArchiveError(`it is damaged or cut short: nothing after byte ${position} of its contents can be opened`);
  }
}
