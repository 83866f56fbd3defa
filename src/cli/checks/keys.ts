import type { Config } from "../../config/config.ts";
import { readKeyPair } from "../../config/key_files.ts";
import { encodeBase58 } from "../../encoding/base58.ts";
import { OperatorError } from "../../errors/operator_error.ts";
import { dateOf, daysLeft, readCertificate, RENEWAL_DAYS } from "../../tls/certificate.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** The key pair, and whom else it and the key that seals the mail can be read by. */
export function* checkKeys({ gateway }: Config): Generator<Finding> {
  const open = [gateway.privateSphinxKeyFile, gateway.storageKeyFile].filter(isOpenToOthers);
  try {
    const { publicKey } = readKeyPair(gateway);
    yield ok("key pair", encodeBase58(publicKey));
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    yield fail("key pair", error.message, "put back the two files that init wrote together", error.exitCode);
  }
  if (open.length > 0) {
    yield warn(
      "key files",
      `other users may read ${open.join(" and ")}`,
      `make it yours alone: chmod 600 ${open.join(" ")}`,
    );
  } else yield ok("key files", "nobody else may read them");
}

/** What TLS is spoken with, if it is. */
export function* checkCertificate({ clientsEndpoint }: Config): Generator<Finding> {
  const { tlsCertificate: certificate, tlsKey: key, announceAddress } = clientsEndpoint;
  if (certificate === "") return;
  try {
    const read = readCertificate({ certificate, key });
    const days = daysLeft(read);
    const found = `${certificate} is valid until ${dateOf(read.notAfter)}, ${days} days`;
    yield days < RENEWAL_DAYS
      ? warn("TLS certificate", found, "renew it; the running gateway takes it up by itself")
      : ok("TLS certificate", found);
    if (read.isKeyOpen) yield warn("TLS key", `all users of this machine may read ${key}`, `chmod o-r ${key}`);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    yield fail("TLS certificate", error.message, "without a good pair the gateway does not start", error.exitCode);
  }
  if (!announceAddress.startsWith("wss:")) {
    yield fail(
      "TLS announced",
      `clients are told to connect to ${announceAddress}, but TLS is spoken there`,
      "announce_address in [clients_endpoint] should begin with wss://",
    );
  }
}

/** One that is not there, or can't be looked at, is not: what is wrong with it is found out when it is read. */
function isOpenToOthers(path: string): boolean {
  if (Deno.build.os === "windows") return false;
  try {
    return ((Deno.statSync(path).mode ?? 0) & 0o077) !== 0;
  } catch {
    return false;
  }
}
