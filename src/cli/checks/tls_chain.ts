import { hostOf } from "../../config/addresses.ts";
import type { Config } from "../../config/config.ts";
import { OperatorError } from "../../errors/operator_error.ts";
import { readCertificate } from "../../tls/certificate.ts";
import { fail, type Finding, ok } from "./finding.ts";
import { tryMixnet } from "./ways_in.ts";

/**
 * Checks whether clients accept the certificate for the announced name, with a client of our own and a server on
 * loopback, so that it works before the gateway starts. The client trusts the authorities that Deno does.
 */
export async function* checkChain({ clientsEndpoint }: Config): AsyncGenerator<Finding> {
  const { tlsCertificate: certificate, tlsKey: key, announceAddress } = clientsEndpoint;
  if (certificate === "" || !announceAddress.startsWith("wss:")) return;
  let pair: { certificate: string; key: string };
  try {
    pair = readCertificate({ certificate, key });
  } catch (error) {
    if (error instanceof OperatorError) return; // that is a finding already
    throw error;
  }
  const name = hostOf(new URL(announceAddress).hostname);
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: pair.certificate, key: pair.key });
  const accepting = accept(listener);
  const attempt = await tryMixnet({ address: "127.0.0.1", port: listener.addr.port, name, isSecure: true });
  await accepting;
  if (attempt.kind === "accepted") return yield ok("TLS chain", `clients accept it for ${name}`);
  yield fail(
    "TLS chain",
    `clients refuse it for ${name}: ${"how" in attempt ? attempt.how : attempt.kind}`,
    `tls_certificate must be valid for ${name} and hold the whole chain (fullchain.pem); ` +
      "for your own authority, set DENO_CERT to its certificate",
  );
}

/** Accepts one connection, until its handshake ends. */
async function accept(listener: Deno.TlsListener): Promise<void> {
  using connection = await listener.accept();
  await connection.handshake().catch(() => {}); // the client reports the reason
}
