import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { ExitCode, fileError, OperatorError } from "../errors/operator_error.ts";
import { readRegularText } from "../files/regular.ts";
import { pemBlocks } from "./pem.ts";

/** A day in ms. */
export const DAY = 86_400_000;
/** A certificate with fewer days left is overdue for renewal. */
export const RENEWAL_DAYS = 14;
/** What to do about files that the program's user may not read. certbot keeps its files for root alone. */
export const COPY_FOR_USER =
  "copy certificate and key to a folder of the program's user, with certbot in a deploy hook";

/** The paths of a certificate and its private key, both PEM files. */
export interface CertificateFiles {
  /** path of the certificate with its chain */
  readonly certificate: string;
  /** path of the private key */
  readonly key: string;
}

/** The files that a section of the configuration names; undefined if it does without TLS. */
export function certificateFiles(
  { tlsCertificate: certificate, tlsKey: key }: { readonly tlsCertificate: string; readonly tlsKey: string },
): CertificateFiles | undefined {
  return certificate === "" ? undefined : { certificate, key };
}

/** A certificate and its matching private key. */
export interface Certificate {
  /** with its chain, in PEM */
  readonly certificate: string;
  /** in PEM */
  readonly key: string;
  /** ms since 1970 */
  readonly notAfter: number;
  /** whether all users of the machine may read the key */
  readonly isKeyOpen: boolean;
}

const NO_CERTIFICATE = "it contains no certificate in PEM (-----BEGIN CERTIFICATE-----)";
const NO_KEY = "it contains no private key in PEM (-----BEGIN PRIVATE KEY-----)";
/** The shortest RSA key that TLS accepts, in bits. */
const SHORTEST_RSA_KEY = 2048;

/**
 * Reads and checks a server's certificate and key, which may be in one file in any order.
 *
 * @throws {OperatorError} that names the file, if one cannot be read or is not PEM, if they do not match, if the chain
 *   is not in order from the server's own certificate upwards, if the key is too short, or if the certificate is not
 *   valid at `now` (ms since 1970)
 */
export function readCertificate(files: CertificateFiles, now = Date.now()): Certificate {
  const { certificate: path, key: keyPath } = files;
  const certificate = pemBlocks(readFile("certificate", path)).filter(({ label }) => label === "CERTIFICATE");
  const key = privateKeyIn(readFile("key", keyPath), keyPath);
  const chain = certificate.map(({ text }) => parse(text, path));
  const own = ownOf(chain, path, parseKey(key, keyPath), keyPath);
  refuseDisorder(chain, path);
  const notBefore = Date.parse(own.validFrom);
  const notAfter = Date.parse(own.validTo);
  // Not configuration errors: a certificate is renewed and a clock is set without the operator, so a restart may succeed.
  if (now > notAfter) {
    throw refuse("certificate", path, `it expired on ${dateOf(notAfter)}: renew it`, ExitCode.UNAVAILABLE);
  }
  if (now < notBefore) {
    const reason = `it is not valid before ${dateOf(notBefore)}: is the clock right?`;
    throw refuse("certificate", path, reason, ExitCode.UNAVAILABLE);
  }
  const pair = { certificate: certificate.map(({ text }) => text).join(""), key };
  tryOut(pair.certificate, key, path);
  return { ...pair, notAfter, isKeyOpen: isOpen(keyPath) };
}

/** Whole days until a certificate expires; negative afterwards. `now` is in ms since 1970. */
export function daysLeft({ notAfter }: Certificate, now = Date.now()): number {
  return Math.floor((notAfter - now) / DAY);
}

/** The UTC date of a time in ms since 1970, as in `2026-11-23`. */
export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function readFile(what: "certificate" | "key", path: string): string {
  try {
    return readRegularText(path);
  } catch (cause) {
    const error = fileError(`Cannot read the TLS ${what} ${path} (tls_${what})`, cause, ExitCode.INPUT_OUTPUT);
    if (!(cause instanceof Deno.errors.PermissionDenied)) throw error;
    throw new OperatorError(`${error.message}; ${COPY_FOR_USER}`, error.exitCode);
  }
}

function parse(text: string, path: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw refuse("certificate", path, NO_CERTIFICATE);
  }
}

function privateKeyIn(text: string, path: string): string {
  const found = pemBlocks(text).find(({ label }) => label.endsWith("PRIVATE KEY"));
  if (found === undefined) throw refuse("key", path, NO_KEY);
  if (/ENCRYPTED/.test(found.text)) {
    throw refuse("key", path, "it is encrypted with a passphrase: decrypt it with `openssl pkey`");
  }
  return found.text;
}

function parseKey(text: string, path: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch {
    throw refuse("key", path, NO_KEY);
  }
  const bits = key.asymmetricKeyType === "rsa" ? key.asymmetricKeyDetails?.modulusLength ?? Infinity : Infinity;
  if (bits >= SHORTEST_RSA_KEY) return key;
  const reason = `it is an RSA key of ${bits} bits, but TLS needs at least ${SHORTEST_RSA_KEY}: request a new pair`;
  throw refuse("key", path, reason);
}

/** The certificate that the key belongs to. Refuses one that is not the first of its chain. */
function ownOf(chain: readonly X509Certificate[], path: string, key: KeyObject, keyPath: string): X509Certificate {
  const [first] = chain;
  if (first === undefined) throw refuse("certificate", path, NO_CERTIFICATE);
  const at = chain.findIndex((each) => each.checkPrivateKey(key));
  if (at === 0) return first;
  if (at > 0) {
    throw refuse(
      "certificate",
      path,
      `its chain is in the wrong order: the server's own certificate is number ${at + 1} of ${chain.length}, ` +
        "and must be the first",
    );
  }
  throw refuse("key", keyPath, `it does not belong to the certificate in ${path}: use the key that it was issued for`);
}

/** Refuses a chain in which a certificate is not followed by its issuer, if that is in the file. */
function refuseDisorder(chain: readonly X509Certificate[], path: string): void {
  for (const [i, each] of chain.entries()) {
    const next = chain[i + 1];
    if (next === undefined || each.checkIssued(next)) continue;
    const issuer = chain.findIndex((other, k) => k !== i && each.checkIssued(other));
    if (issuer < 0) continue;
    const reason = `its chain is in the wrong order: number ${i + 1} of ${chain.length} was issued by number ` +
      `${issuer + 1}, which must come next`;
    throw refuse("certificate", path, reason);
  }
}

function isOpen(path: string): boolean {
  return Deno.build.os !== "windows" && ((Deno.statSync(path).mode ?? 0) & 0o004) !== 0;
}

/** Refuses what the runtime's own TLS would refuse, before anything depends on it. */
function tryOut(cert: string, key: string, path: string): void {
  try {
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key }).close();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw refuse("certificate", path, error instanceof Error ? error.message : String(error));
  }
}

function refuse(
  what: "certificate" | "key",
  path: string,
  reason: string,
  exitCode: ExitCode = ExitCode.CONFIGURATION,
): OperatorError {
  return new OperatorError(
    `Cannot use the TLS ${what} ${path} (tls_${what}): ${reason}`,
    exitCode,
  );
}
