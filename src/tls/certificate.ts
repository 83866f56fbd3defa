import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { ExitCode, fileError, OperatorError } from "../errors/operator_error.ts";
import { pemBlocks } from "./pem.ts";

/** ms */
export const DAY = 86_400_000;
/** With fewer days left, a certificate should have been renewed. */
export const RENEWAL_DAYS = 14;

/** Where a certificate and its key are. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate with its chain and its private key, both in PEM, that fit each other. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  /** ms since 1970 */
  readonly notAfter: number;
  /** all users of the machine may read the key */
  readonly isKeyOpen: boolean;
}

const NO_CERTIFICATE = "it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)";
const NO_KEY = "it holds no private key in PEM (-----BEGIN PRIVATE KEY-----)";
/** Bits; less than that TLS does not take. */
const SHORTEST_RSA_KEY = 2048;

/**
 * Reads and checks what a gateway speaks TLS with. The two may be in one file, in any order.
 * @throws {OperatorError} that names the file, when one can't be read or is no PEM, when the two don't belong together,
 * when the chain is in another order than from the gateway's own certificate upwards, when the key is too short, or when
 * the certificate is not valid at `now` (ms since 1970)
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
  if (now > notAfter) throw refuse("certificate", path, `it expired on ${dateOf(notAfter)}: renew it`);
  if (now < notBefore) {
    // A clock that is not set yet soon will be, and a certificate of tomorrow is good tomorrow: no mistake to stop at.
    const reason = `it is valid from ${dateOf(notBefore)} on: is the clock right?`;
    throw refuse("certificate", path, reason, ExitCode.UNAVAILABLE);
  }
  const pair = { certificate: certificate.map(({ text }) => text).join(""), key };
  tryOut(pair.certificate, key, path);
  return { ...pair, notAfter, isKeyOpen: isOpen(keyPath) };
}

/** Whole days that a certificate is still valid; negative once it has expired. */
export function daysLeft({ notAfter }: Certificate, now = Date.now()): number {
  return Math.floor((notAfter - now) / DAY);
}

export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function readFile(what: "certificate" | "key", path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw fileError(
      `Cannot read the TLS ${what} ${path} (tls_${what} in [clients_endpoint])`,
      cause,
      ExitCode.INPUT_OUTPUT,
    );
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
    throw refuse("key", path, "it is locked with a passphrase: give it without one, as `openssl pkey` writes it");
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
  const reason =
    `it is an RSA key of ${bits} bits, and TLS takes those from ${SHORTEST_RSA_KEY} on: request a new pair`;
  throw refuse("key", path, reason);
}

/** The certificate that the key belongs to, which has to be the first one of its chain. */
function ownOf(chain: readonly X509Certificate[], path: string, key: KeyObject, keyPath: string): X509Certificate {
  const [first] = chain;
  if (first === undefined) throw refuse("certificate", path, NO_CERTIFICATE);
  const at = chain.findIndex((each) => each.checkPrivateKey(key));
  if (at === 0) return first;
  if (at > 0) {
    throw refuse(
      "certificate",
      path,
      `its chain is in the wrong order: the gateway's own certificate is number ${at + 1} of ${chain.length}, ` +
        "and should be the first",
    );
  }
  throw refuse("key", keyPath, `it does not belong to the certificate in ${path}: give the two of one request`);
}

/** Each certificate is followed by the one that issued it, if that is in the file. */
function refuseDisorder(chain: readonly X509Certificate[], path: string): void {
  for (const [i, each] of chain.entries()) {
    const next = chain[i + 1];
    if (next === undefined || each.checkIssued(next)) continue;
    const issuer = chain.findIndex((other, k) => k !== i && each.checkIssued(other));
    if (issuer < 0) continue;
    const reason = `its chain is in the wrong order: number ${i + 1} of ${chain.length} was issued by number ` +
      `${issuer + 1}, which should come next`;
    throw refuse("certificate", path, reason);
  }
}

function isOpen(path: string): boolean {
  return Deno.build.os !== "windows" && ((Deno.statSync(path).mode ?? 0) & 0o004) !== 0;
}

/** What the runtime's TLS itself would refuse, is refused before anything depends on it. */
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
    `Cannot use the TLS ${what} ${path} (tls_${what} in [clients_endpoint]): ${reason}`,
    exitCode,
  );
}
