import { ExitCode, OperatorError } from "../../errors/operator_error.ts";

/** in characters; guessing the passphrase must cost more than the gateway's keys are worth */
const SHORTEST = 12;
/** The longest passphrase, in bytes of UTF-8. */
export const LONGEST = 4096;

/**
 * The passphrase in these bytes, which may end with a line break, as an OpaqueString of RFC 8265: the same however a
 * keyboard composes its letters and spaces. A byte order mark is not part of it.
 * @param where as in `the passphrase file /x`, for errors
 * @throws {OperatorError} unless it is valid: UTF-8, one line, neither too short nor too long
 */
export function passphraseOf(bytes: Uint8Array, where: string): string {
  const refuse = (reason: string) => new OperatorError(`Cannot use ${where}: ${reason}`, ExitCode.USAGE);
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
