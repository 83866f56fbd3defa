import { createPrivateKey, X509Certificate } from "node:crypto";
import { ExitCode, fileError, OperatorError } from "../errors/operator_error.ts";

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
}

/**
 * Reads and checks what a gateway speaks TLS with.
 * @throws {OperatorError} that names the file, when one can't be read or is no PEM, when the two don't belong together,
 * or when the certificate is not valid at `now` (ms since 1970)
 */
export function readCertificate(files: CertificateFiles, now = Date.now()): Certificate {
  const { certificate: certificatePath, key: keyPath } = files;
  const certificate = readFile("certificate", certificatePath);
  const key = readFile("key", keyPath);
  const parsed = parse(certificate, certificatePath);
  const ownKey = parseKey(key, keyPath);
  if (!parsed.checkPrivateKey(ownKey)) {
    throw refuse(
      "key",
      keyPath,
      `it does not belong to the certificate in ${certificatePath}: give the two of one request`,
    );
  }
  const notBefore = Date.parse(parsed.validFrom);
  const notAfter = Date.parse(parsed.validTo);
  if (now > notAfter) {
    throw refuse("certificate", certificatePath, `it expired on ${dateOf(notAfter)}: renew it`);
  }
  if (now < notBefore) {
    // A clock that is not set yet soon will be, and a certificate of tomorrow is good tomorrow: no mistake to stop at.
    const reason = `it is valid from ${dateOf(notBefore)} on: is the clock right?`;
    throw refuse("certificate", certificatePath, reason, ExitCode.UNAVAILABLE);
  }
  tryOut(certificate, key, certificatePath);
  return { certificate, key, notAfter };
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
    throw refuse("certificate", path, "it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
  }
}

function parseKey(text: string, path: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(text);
  } catch {
    throw refuse("key", path, "it holds no private key in PEM (-----BEGIN PRIVATE KEY-----) without a passphrase");
  }
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
