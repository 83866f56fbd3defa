import type { Config } from "./config.ts";

/** Rules between keys. Each returns which key is wrong, and why, if it is broken. */
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
      ? `"${tlsKey === "" ? "tls_key" : "tls_certificate"}" in [clients_endpoint] must be set too: TLS needs both files`
      : undefined,
];

/** The first rule that `config` breaks, for people, as in `"tls_key" in [clients_endpoint] must be set too: …`. */
export function brokenRule(config: Config): string | undefined {
  return RULES.map((rule) => rule(config)).find((reason) => reason !== undefined);
}
