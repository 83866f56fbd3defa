import { inData, key } from "./key.ts";
import { address, amount, announced, choice, count, delay, flag, path, text, url } from "./kinds.ts";
import { GATEWAY_SECTIONS } from "./gateway_sections.ts";
import { operatorSection } from "./operator_section.ts";

const MIX_PORT = 1789;
const OPERATOR_PORT = 9002;
const { gateway, limits, logging, debug, mixnet_endpoint } = GATEWAY_SECTIONS;

/** Every key of a mixnode's config.toml, including all keys of 0.7.0; gateway_sections.ts has those of a gateway. */
export const MIXNODE_SECTIONS = {
  mixnode: {
    id: key({
      kind: text,
      default: ({ id }) => id,
      comment: "The name of this mixnode on this machine, set with `mixnode init --id`. Other nodes never see it.",
    }),
    location: key({
      kind: text,
      default: "unknown",
      option: "location",
      comment: "The mixnode's location, as free text. The directory shows it to everybody; nothing depends on it.",
    }),
    layer: key({
      kind: count,
      default: 1,
      option: "layer",
      comment: `The layer of the mixnet, counted from 1. Clients send a packet through each layer in turn: three in most
        networks, four at most.`,
    }),
    listening_address: key({
      kind: address(MIX_PORT),
      default: `0.0.0.0:${MIX_PORT}`,
      comment: `Where nodes deliver packets: an IPv4 or IPv6 address of this machine and a TCP port, as in 0.0.0.0:1789
        or [::]:1789.`,
    }),
    private_sphinx_key_file: key({
      kind: path,
      default: inData("private_sphinx.pem"),
      comment: `The file with the mixnode's private key, in PEM. Anyone who has it can see where the packets passing
        through here come from and go to, so only the user that runs the mixnode may read the file.`,
    }),
    public_sphinx_key_file: key({
      kind: path,
      default: inData("public_sphinx.pem"),
      comment: "The file with the mixnode's public key, in PEM. The directory shows it to everybody.",
    }),
    announce_address: key({
      kind: announced(MIX_PORT),
      default: `127.0.0.1:${MIX_PORT}`,
      comment:
        `The address that the directory gives to others: an IP address or a host name, and a port. It differs from
        listening_address behind NAT, or if that is 0.0.0.0. The port defaults to that of listening_address. Packets carry
        IP addresses, and clients in browsers can't look up names: they leave out mixnodes that announce one.`,
    }),
    presence_directory_server: key({
      kind: url,
      default: "https://directory.nymtech.net",
      option: "directory",
      comment:
        "The directory server, which lists this mixnode for other nodes and clients, and the other nodes for it.",
    }),
    directory_key: gateway.directory_key,
    maximum_topology_age: gateway.maximum_topology_age,
    metrics_directory_server: key({
      kind: url,
      default: "https://directory.nymtech.net",
      option: "directory",
      comment:
        `Not used. 0.7.0 reported to this server, every second, how many packets it had sent to whom. Anyone could
        read there what a mixnet should hide.`,
    }),
    nym_root_directory: key({
      kind: text,
      default: ({ rootDirectory }) => rootDirectory,
      comment: "The folder that contains a folder for each mixnode of this user, named after its id.",
    }),
    forward_to: key({
      kind: choice("topology", "any"),
      default: "topology",
      reloadable: "always",
      comment: `Where packets may go. "topology": only to mixnodes and gateways that the directory lists. "any": to any
        address that a packet names, which lets anyone make this machine connect to anything.`,
    }),
    allow_private_nodes: key({
      kind: flag,
      default: false,
      comment: `Whether packets may go to nodes of the topology at non-public addresses (loopback, private, link-local,
        multicast). If this mixnode's own announce_address is of such a kind, addresses of that kind are always allowed.`,
    }),
    refuse_address_clash: key({
      kind: flag,
      default: false,
      comment:
        `Whether to refuse to start if the directory lists another mixnode with our address, as 0.7.0 did. Anyone may
        post such an entry, so the default is false: then it is only a warning.`,
    }),
    replay_window: mixnet_endpoint.replay_window,
    replay_packets: key({
      kind: amount(1000, "packets"),
      default: 5_242_880,
      comment: `The most packets remembered, each in up to 26 bytes of memory once it has arrived. With more of them
        within replay_window, the oldest are forgotten, and counted.`,
    }),
    state_directory: key({
      kind: path,
      default: inData("state"),
      comment:
        "The folder that records what the mixnode must know after a restart: which packets it has seen, and the topology.",
    }),
  },

  limits: {
    mixnet_connections: limits.mixnet_connections,
    mixnet_connections_per_network: limits.mixnet_connections_per_network,
    mixnet_frame_deadline: limits.mixnet_frame_deadline,
    mixnet_idle_timeout: limits.mixnet_idle_timeout,
    limit_loopback: limits.limit_loopback,
    trusted_proxies: limits.trusted_proxies,
    held_packets: key({
      kind: amount(1, "packets"),
      default: 32_768,
      reloadable: "always",
      comment: `The most packets waiting for their delay at once. Further packets are dropped and counted. Those with
        delays of more than 2 s may take half of the space. Each packet takes about 1500 bytes of memory, so the default
        takes up to 50 MB.`,
    }),
    longest_delay: key({
      kind: delay,
      default: 60_000,
      reloadable: "always",
      comment: `The longest delay that a packet may ask for, in ms. Packets that ask for more are dropped and counted:
        otherwise a few packets per second could fill the limit above. Clients ask for 200 ms on average.`,
    }),
  },

  operator: operatorSection(OPERATOR_PORT),

  logging,

  debug: {
    presence_sending_delay: debug.presence_sending_delay,
    packet_forwarding_initial_backoff: debug.packet_forwarding_initial_backoff,
    packet_forwarding_maximum_backoff: debug.packet_forwarding_maximum_backoff,
    initial_connection_timeout: debug.initial_connection_timeout,
  },
};

/** Comments on sections as a whole. */
export const MIXNODE_SECTION_COMMENTS: { readonly [Name in keyof typeof MIXNODE_SECTIONS]?: string } = {
  limits:
    `A "network" is the /24 of an IPv4 address or the /64 of an IPv6 address. All connections together must fit into
    this program's limit of file descriptors (ulimit -n).`,
};
