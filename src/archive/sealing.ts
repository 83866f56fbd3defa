import { Decrypter, Encrypter } from "age-encryption";
import { ArchiveError, WrongPassphrase } from "./archive_error.ts";
import { Source } from "./source.ts";

/**
 * An archive is an age file (age-encryption.org/v1) that is sealed with a passphrase. scrypt makes a key of that, which is
 * slow on purpose: with N = 2^17, one of OWASP's recommended settings, it takes a second and 128 MiB, which a machine of
 * 256 MB has. What is sealed comes in chunks of 64 KiB, each authentic and bound to its place, the last one marked as such.
 */
const WORK_FACTOR = 17;
/** What a file may ask for: as much as one that `age` has sealed, 256 MiB. */
const MAX_WORK_FACTOR = 18;

/** More than the bytes of a header. */
export const HEADER_SIZE = 256;

const MAGIC = "age-encryption.org/v1\n";
const BASE64 = "[A-Za-z0-9+/]";
const SCRYPT_HEADER = new RegExp(
  `^${MAGIC}-> scrypt ${BASE64}{22} (?<workFactor>[1-9][0-9]?)\\n${BASE64}{43}\\n--- ${BASE64}{43}\\n`,
);

/** Seals a stream. @param workFactor log2 of the cost of trying a passphrase */
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
 * Looks at the first bytes of a file, {@linkcode HEADER_SIZE} if it has as many, which costs nothing.
 * @throws {ArchiveError} unless they are the header of a file that a passphrase opens, at a cost within bounds
 */
export function checkHeader(bytes: Uint8Array): void {
  const text = new TextDecoder("latin1").decode(bytes);
  if (!text.startsWith(MAGIC)) throw new ArchiveError("it is no export of a nym-gateway: it is not an age file");
  if (!text.startsWith("-> scrypt ", MAGIC.length)) throw new ArchiveError("it is not sealed with a passphrase");
  const workFactor = SCRYPT_HEADER.exec(text)?.groups?.["workFactor"];
  if (workFactor === undefined) throw new ArchiveError("its header is damaged");
  if (Number(workFactor) > MAX_WORK_FACTOR) {
    throw new ArchiveError(`it asks for more work than any export: scrypt with N = 2^${workFactor}`);
  }
}

/**
 * What a file holds whose header is right. Each piece is authentic, but it is known to be whole only at the end.
 * @throws {WrongPassphrase}
 * @throws {ArchiveError} where it is damaged, cut short or goes on
 * @throws what its bytes end with
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
    throw new ArchiveError(`it is damaged or cut short: what follows byte ${position} of its contents can't be opened`);
  }
}
