import type { AnyConfig, Config, DirectoryConfig, NodeConfig, Table } from "./config.ts";

/** Returns which key is wrong, and why, if the rule is broken. */
type Rule<C> = (config: C) => string | undefined;

const backoffs: Rule<NodeConfig> = (
  { debug: { packetForwardingInitialBackoff: initial, packetForwardingMaximumBackoff: maximum } },
) =>
  maximum < initial
    ? `"packet_forwarding_maximum_backoff" in [debug] is below packet_forwarding_initial_backoff (${initial})`
    : undefined;

const bothTlsFiles = (section: string, certificate: string, key: string): string | undefined =>
  (certificate === "") !== (key === "")
    ? `"${key === "" ? "tls_key" : "tls_certificate"}" in [${section}] must be set too: TLS needs both files`
    : undefined;

/** Rules between keys. Each returns which key is wrong, and why, if it is broken. */
const RULES: readonly Rule<Config>[] = [
  ({ mixnetEndpoint: { listeningAddress }, clientsEndpoint }) =>
    listeningAddress === clientsEndpoint.listeningAddress
      ? `"listening_address" in [clients_endpoint] is the same as in [mixnet_endpoint]: ${listeningAddress}`
      : undefined,
  backoffs,
  ({ clientsEndpoint: { tlsCertificate, tlsKey } }) => bothTlsFiles("clients_endpoint", tlsCertificate, tlsKey),
  ({ storage: { kind, url } }) =>
    kind === "postgresql" && url === ""
      ? '"url" in [storage] must be set too: it says which database to use'
      : undefined,
];

const DIRECTORY_RULES: readonly Rule<DirectoryConfig>[] = [
  ({ directory: { tlsCertificate, tlsKey } }) => bothTlsFiles("directory", tlsCertificate, tlsKey),
];

/** The first rule that `config` breaks, for people, as in `"tls_key" in [clients_endpoint] must be set too: …`. */
export function brokenRule<C extends AnyConfig>(table: Table<C>, config: C): string | undefined {
  const rules = { gateway: RULES, mixnode: [backoffs], directory: DIRECTORY_RULES }[table.program];
  return (rules as readonly Rule<AnyConfig>[]).map((rule) => rule(config))
    .find((reason) => reason !== undefined);
}
