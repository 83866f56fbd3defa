import { ExitCode, OperatorError } from "../errors/operator_error.ts";

/** Characters. What guards a gateway's keys must take longer to guess than the keys are worth. */
const SHORTEST = 12;
/** Bytes. */
export const LONGEST = 4096;

/**
 * The passphrase in these bytes, which may end with a line's end, as RFC 8265's OpaqueString: the same however a keyboard
 * composes its letters and whatever space it has. A byte order mark is no part of it.
 * @param where as in `the passphrase file /x`, for errors
 * @throws {OperatorError} unless it can be one
 */
export function passphraseOf(bytes: Uint8Array, where: string): string {
  const refuse = (reason: string) => new OperatorError(`Cannot take ${where}: ${reason}`, ExitCode.USAGE);
  if (bytes.length > LONGEST) throw refuse(`it is longer than ${LONGEST} bytes`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw refuse("it is not UTF-8; save the file, or set the terminal, as UTF-8");
  }
  const passphrase = text.replace(/\r?\n$/, "").replaceAll(/\p{Zs}/gu, " ").normalize("NFC");
  if (/[\r\n]/.test(passphrase)) throw refuse("it is more than one line");
  if (/\p{Cc}/u.test(passphrase)) throw refuse("it holds a control character");
  const { length } = [...passphrase];
  if (length < SHORTEST) throw refuse(`it has ${length} characters and should have ${SHORTEST} or more`);
  return passphrase;
}
