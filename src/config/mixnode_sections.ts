import { inData, key } from "./key.ts";
import { address, amount, announced, choice, count, delay, flag, path, text, url } from "./kinds.ts";
import { SECTIONS } from "./sections.ts";

const MIX_PORT = 1789;
const { limits, logging, debug, mixnet_endpoint } = SECTIONS;

/**
 * Every key of a mixnode's config.toml, as sections.ts has those of a gateway. All keys of 0.7.0 are here.
 */
export const MIXNODE_SECTIONS = {
  mixnode: {
    id: key({
      kind: text,
      default: ({ id }) => id,
      comment: "The name of this mixnode on this machine, as given to `mixnode init --id`. Other nodes never see it.",
    }),
    location: key({
      kind: text,
      default: "unknown",
      option: "location",
      comment: "Where on earth the mixnode is, in words. The directory shows it to everybody; nothing depends on it.",
    }),
    layer: key({
      kind: count,
      default: 1,
      comment: "Which layer of the mixnet this is, counted from 1. Clients send a packet through each layer in turn.",
    }),
    listening_address: key({
      kind: address(MIX_PORT),
      default: `0.0.0.0:${MIX_PORT}`,
      comment: `Where packets are delivered: an IPv4 or IPv6 address of this machine and a TCP port, as in 0.0.0.0:1789
        or [::]:1789.`,
    }),
    private_sphinx_key_file: key({
      kind: path,
      default: inData("private_sphinx.pem"),
      comment: `The file with the secret half of the mixnode's key, in PEM. Whoever has it can see where packets that
        pass here come from and go to, so only the user that runs the mixnode may read the file.`,
    }),
    public_sphinx_key_file: key({
      kind: path,
      default: inData("public_sphinx.pem"),
      comment: "The file with the public half of that key, in PEM. The directory shows it to everybody.",
    }),
    announce_address: key({
      kind: announced(MIX_PORT),
      default: `127.0.0.1:${MIX_PORT}`,
      comment: `What the directory tells others to connect to: ip:port, or the name of a host and a port. It differs
        from listening_address behind NAT, or when that is 0.0.0.0. Without a port, it has that of listening_address.`,
    }),
    presence_directory_server: key({
      kind: url,
      default: "https://directory.nymtech.net",
      option: "directory",
      comment: "The directory server: it lists this mixnode for others, and the others for this mixnode.",
    }),
    metrics_directory_server: key({
      kind: url,
      default: "https://directory.nymtech.net",
      comment: `Not in use. 0.7.0 told this server every second how many packets it had sent to whom, and anyone could
        read it there: that is what a mixnet is to hide.`,
    }),
    nym_root_directory: key({
      kind: text,
      default: ({ rootDirectory }) => rootDirectory,
      comment: "The folder in which each mixnode of this user has a folder of its own, named after its id.",
    }),
    forward_to: key({
      kind: choice("topology", "any"),
      default: "topology",
      reloadable: "always",
      comment: `Where packets may go: "topology" is to the mixnodes and gateways that the directory lists, and nowhere
        else; "any" is to whatever address a packet names, so anyone can make this machine connect to anything.`,
    }),
    allow_private_nodes: key({
      kind: flag,
      default: false,
      comment: `Whether packets may go to nodes of the topology whose addresses are not on the internet. Where this
        mixnode announces an address that is not on the internet itself, those of the same kind are allowed anyway.`,
    }),
    refuse_address_clash: key({
      kind: flag,
      default: false,
      comment: `Whether the mixnode refuses to start when the directory lists another mixnode with its address, as 0.7.0
        did. Anyone may post such an entry, so the default is false: a warning.`,
    }),
    replay_window: mixnet_endpoint.replay_window,
    replay_packets: key({
      kind: amount(1000, "packets"),
      default: 5_242_880,
      comment: `The most packets remembered, each in about 16 bytes of memory once it has arrived. With more of them
        within replay_window, the oldest are forgotten, and counted.`,
    }),
    replay_directory: key({
      kind: path,
      default: inData("replay"),
      comment: "The folder that keeps which packets were seen.",
    }),
  },

  limits: {
    mixnet_connections: limits.mixnet_connections,
    mixnet_connections_per_network: limits.mixnet_connections_per_network,
    mixnet_frame_deadline: limits.mixnet_frame_deadline,
    mixnet_idle_timeout: limits.mixnet_idle_timeout,
    limit_loopback: limits.limit_loopback,
    held_packets: key({
      kind: amount(1, "packets"),
      default: 32_768,
      reloadable: "always",
      comment:
        `How many packets may wait for their delay at once. A further one is dropped and counted. Each takes about
        1500 bytes of memory, so the default takes 50 MB.`,
    }),
    longest_delay: key({
      kind: delay,
      default: 60_000,
      reloadable: "always",
      comment:
        `The longest delay that a packet may ask for, in ms. One that asks for more is dropped and counted: else a
        few packets a second could fill up what may wait. Clients ask for 200 ms on average.`,
    }),
  },

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
    `A "network" is the /24 of an IPv4 address, the /64 of an IPv6 address. All connections together have to fit into
    the file descriptors that this program may open (ulimit -n).`,
};
