import { inData, key } from "./key.ts";
import { address, amount, count, flag, path, text } from "./kinds.ts";
import { GATEWAY_SECTIONS } from "./gateway_sections.ts";
import { operatorSection } from "./operator_section.ts";

const PORT = 8080;
const OPERATOR_PORT = 9003;
const { clients_endpoint, limits, logging } = GATEWAY_SECTIONS;
const operator = operatorSection(OPERATOR_PORT);

/** Every key of a directory's config.toml; 0.7.0's directory had none. */
export const DIRECTORY_SECTIONS = {
  directory: {
    id: key({
      kind: text,
      default: ({ id }) => id,
      comment: "The name of this directory on this machine, set with `directory init --id`. Its page shows it.",
    }),
    listening_address: key({
      kind: address(PORT),
      default: `0.0.0.0:${PORT}`,
      comment: `Where nodes and clients connect by HTTP: an IPv4 or IPv6 address of this machine and a TCP port, as in
        0.0.0.0:8080 or [::]:8080.`,
    }),
    private_signing_key_file: key({
      kind: path,
      default: inData("private_signing.pem"),
      comment: `The file with the directory's private key, in PEM. It signs topologies, so anyone who has it can send
        nodes and clients to a mixnet of their own. Only the user that runs the directory may read the file. Keep a
        copy in a safe place.`,
    }),
    state_file: key({
      kind: path,
      default: inData("directory.kv"),
      comment: "The file that records which nodes are listed, and what the operator has decided about them.",
    }),
    open: key({
      kind: flag,
      default: false,
      reloadable: "always",
      option: "open",
      comment: `Whether to believe nodes that prove nothing. Gateways and mixnodes of this program prove that they have
        the private key of what they announce. Those of 0.7.0 can't: anyone could announce anything in their name. If
        false (the default), such nodes are listed only once you allow their key with \`directory allow KEY\`. If true,
        everybody's are, as in 0.7.0: use that only in a network where nobody means harm.`,
    }),
    list_clients: key({
      kind: flag,
      default: true,
      reloadable: "always",
      comment: `Whether to list the clients that gateways announce, as 0.7.0 does. Everybody can see them, and nobody
        needs them, so false is better for your users. Signed topologies never contain them.`,
    }),
    tls_certificate: key({
      ...clients_endpoint.tls_certificate,
      comment:
        `A PEM file with a certificate and its chain, to serve TLS (https://) at listening_address without a proxy.
        Renewed files are loaded within a minute, or at once on SIGHUP, without disconnecting anyone. Empty (the
        default): no TLS. Turning TLS on or off needs a restart.`,
    }),
    tls_key: key({
      ...clients_endpoint.tls_key,
      comment: "The PEM file with the certificate's private key. Only the user that runs the directory may read it.",
    }),
    nym_root_directory: key({
      kind: text,
      default: ({ rootDirectory }) => rootDirectory,
      comment: "The folder that contains a folder for each directory of this user, named after its id.",
    }),
  },

  limits: {
    mixnodes: key({
      kind: count,
      default: 2000,
      reloadable: "always",
      comment:
        `The most mixnodes listed. When there are as many, a node that proves its key replaces the newest of those
        that do not, and one that you allow replaces the newest of all others.`,
    }),
    gateways: key({
      kind: count,
      default: 1000,
      reloadable: "always",
      comment: "The most gateways listed. The same goes for them.",
    }),
    nodes_per_network: key({
      kind: count,
      default: 64,
      reloadable: "always",
      comment: `The most nodes that announce themselves from one network. One that you allow is listed even if there are
        as many.`,
    }),
    new_nodes_per_hour_per_network: key({
      kind: count,
      default: 256,
      comment: `The most times per hour that a node from one network may join those that are listed. Announcements of
        nodes that are listed already, that you allow, or that are refused, do not count.`,
    }),
    requests_per_second_per_network: key({
      kind: count,
      default: 100,
      comment: "The most requests per second from one network; four times as many in short bursts.",
    }),
    clients_bytes: key({
      kind: amount(0, "bytes"),
      default: 16_777_216,
      reloadable: "always",
      comment: `The most memory for the clients of all gateways together. Beyond that, and beyond 2 MiB of one gateway,
        they are left out. Whoever asks for the topology as in 0.7.0 gets all of them in each answer.`,
    }),
    connections: key({
      kind: count,
      default: 2000,
      reloadable: "always",
      comment:
        `The most connections at once. When another one arrives, one is closed that has not made a useful request;
        if there are few of those, the one that has been idle longest.`,
    }),
    connections_per_network: key({
      kind: count,
      default: 200,
      reloadable: "always",
      comment: "The same for one network.",
    }),
    limit_loopback: key({
      ...limits.limit_loopback,
      comment:
        `Whether this machine (127.0.0.0/8, ::1) counts as one network like any other. The default is false: it has 32
        times the limits of a network.`,
    }),
    trusted_proxies: key({
      ...limits.trusted_proxies,
      comment:
        `Addresses and networks of proxies in front of this directory. Limits per network then apply to their clients,
        by the X-Forwarded-For or Forwarded header of each request. A proxy that sends neither is not limited. Only list
        proxies that always set the address themselves.`,
    }),
  },

  operator: {
    listening_address: key({
      ...operator.listening_address,
      comment:
        `The address of /metrics for Prometheus, /healthz, /readyz and /status.json. The default, 127.0.0.1:9003, is
        reachable from this machine only. There is no password, but nothing can be changed here. Empty: none of these. If
        the port is in use, the directory logs a warning and runs without them.`,
    }),
    allowed_hosts: operator.allowed_hosts,
  },

  logging,
};

/** Comments on sections as a whole. */
export const DIRECTORY_SECTION_COMMENTS: { readonly [Name in keyof typeof DIRECTORY_SECTIONS]?: string } = {
  limits:
    `A "network" is the /24 of an IPv4 address or the /64 of an IPv6 address. All connections together must fit into
    this program's limit of file descriptors (ulimit -n): each takes three.`,
};
