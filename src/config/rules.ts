import type { Config } from "./config.ts";

/** What must hold between keys. Each says which key is not right, and why, if it does not hold. */
const RULES: readonly ((config: Config) => string | undefined)[] = [
  ({ mixnetEndpoint: { listeningAddress }, clientsEndpoint }) =>
    listeningAddress === clientsEndpoint.listeningAddress
      ? `"listening_address" in [clients_endpoint] is the same as in [mixnet_endpoint]: ${listeningAddress}`
      : undefined,
  ({ debug: { packetForwardingInitialBackoff: initial, packetForwardingMaximumBackoff: maximum } }) =>
    maximum < initial
      ? `"packet_forwarding_maximum_backoff" in [debug] is below packet_forwarding_initial_backoff (${initial})`
      : undefined,
  ({ clientsEndpoint: { tlsCertificate, tlsKey } }) =>
    (tlsCertificate === "") !== (tlsKey === "")
      ? `"${
        tlsKey === "" ? "tls_key" : "tls_certificate"
      }" in [clients_endpoint] must be given too: TLS needs both files`
      : undefined,
];

/** Which rule `config` breaks, in words. */
export function brokenRule(config: Config): string | undefined {
  return RULES.map((rule) => rule(config)).find((reason) => reason !== undefined);
}
