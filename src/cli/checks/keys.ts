import type { Config } from "../../config/config.ts";
import { type KeyFiles, readKeyPair } from "../../config/key_files.ts";
import { encodeBase58 } from "../../encoding/base58.ts";
import { ExitCode, OperatorError } from "../../errors/operator_error.ts";
import { COPY_FOR_USER, dateOf, daysLeft, readCertificate, RENEWAL_DAYS } from "../../tls/certificate.ts";
import { SERVICE_HOME } from "../homes/home.ts";
import { closedToOwner } from "./closed_to_owner.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** Checks the key pair, and that no other user can read it or the `others` among the secrets. */
export function* checkKeys(files: KeyFiles, ...others: string[]): Generator<Finding> {
  const open = [files.privateSphinxKeyFile, ...others].filter(isOpenToOthers);
  try {
    const { publicKey } = readKeyPair(files);
    yield ok("key pair", encodeBase58(publicKey));
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    yield fail("key pair", error.message, "restore the two files that init created together", error.exitCode);
  }
  yield checkModes(open);
}

/** Checks that no other user can read these files. */
export function checkSecrets(files: readonly string[]): Finding {
  return checkModes(files.filter(isOpenToOthers));
}

/**
 * Warns of a password file that everyone can read (others than its owner may have to), and of one that the owner of `ours`
 * can't read. `path`: "" for none.
 */
export function* checkPasswordFile(path: string, ours: string): Generator<Finding> {
  if (path === "") return;
  const subject = "database password";
  if (hasMode(path, 0o004)) yield warn(subject, `every user of this machine can read ${path}`, `chmod o-r ${path}`);
  const closed = closedToOwner(ours, path, "read");
  if (closed === undefined) return;
  yield warn(
    subject,
    `the user that owns the gateway's files can't read ${path}: ${closed} is closed to it`,
    "let that user read it, unless systemd passes it as the credential postgresql_password",
  );
}

function checkModes(open: readonly string[]): Finding {
  if (open.length === 0) return ok("key files", "no other user can read them");
  const remedy = `restrict access: chmod 600 ${open.join(" ")}`;
  return warn("key files", `other users can read ${open.join(" and ")}`, remedy);
}

/** Checks that the owner of `ours` can read these files of the node, too. */
export function* checkOwnFiles(ours: string, paths: readonly string[]): Generator<Finding> {
  const closed = firstClosed(ours, paths);
  if (closed === undefined) return;
  const found = `the user that owns ${ours} can't read ${closed}`;
  const chown = ours === SERVICE_HOME ? `chown -R --reference=${ours} ${ours}` : `chown --reference=${ours} ${closed}`;
  yield fail("own files", found, `give it to that user: ${chown}`, ExitCode.NO_PERMISSION);
}

/** Checks the TLS certificate and its key, if they are configured. */
export function* checkCertificate({ clientsEndpoint }: Config, ours: string): Generator<Finding> {
  const { tlsCertificate, announceAddress } = clientsEndpoint;
  if (tlsCertificate === "") return;
  yield* checkCertificateFiles(clientsEndpoint, "gateway", ours);
  if (!announceAddress.startsWith("wss:")) {
    yield fail(
      "TLS announced",
      `${announceAddress} is announced to clients, but the gateway speaks TLS there`,
      "announce_address in [clients_endpoint] should begin with wss://",
    );
  }
}

/**
 * Checks these files, if there is a path of a certificate. `kind` is what uses them; `ours` is a file of the user that
 * runs it.
 */
export function* checkCertificateFiles(
  { tlsCertificate: certificate, tlsKey: key }: { readonly tlsCertificate: string; readonly tlsKey: string },
  kind: string,
  ours: string,
): Generator<Finding> {
  if (certificate === "") return;
  try {
    const read = readCertificate({ certificate, key });
    const days = daysLeft(read);
    const found = `${certificate} is valid until ${dateOf(read.notAfter)}, ${days} days`;
    yield days < RENEWAL_DAYS
      ? warn("TLS certificate", found, `renew it; a running ${kind} loads it by itself`)
      : ok("TLS certificate", found);
    if (read.isKeyOpen) yield warn("TLS key", `every user of this machine can read ${key}`, `chmod o-r ${key}`);
    yield* checkReadableBy(ours, [certificate, key], kind);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    yield fail("TLS certificate", error.message, `without a valid pair the ${kind} does not start`, error.exitCode);
  }
}

/** Checks that the owner of `ours` can read these files, too. */
function* checkReadableBy(ours: string, paths: readonly string[], kind: string): Generator<Finding> {
  const closed = firstClosed(ours, paths);
  if (closed === undefined) return;
  const found = `the user that owns the ${kind}'s files can't read ${paths.join(" and ")}: ${closed} is closed to it`;
  yield fail("TLS files", found, COPY_FOR_USER, ExitCode.NO_PERMISSION);
}

/** What keeps the owner of `ours` from reading the first of these files that it can't read; undefined if it can read all. */
function firstClosed(ours: string, paths: readonly string[]): string | undefined {
  return paths.map((path) => closedToOwner(ours, path, "read")).find((place) => place !== undefined);
}

function isOpenToOthers(path: string): boolean {
  return hasMode(path, 0o077);
}

/** Whether a file has some of these bits. A missing or inaccessible one has none: reading it reports what is wrong. */
function hasMode(path: string, bits: number): boolean {
  if (Deno.build.os === "windows") return false;
  try {
    return ((Deno.statSync(path).mode ?? 0) & bits) !== 0;
  } catch {
    return false;
  }
}
