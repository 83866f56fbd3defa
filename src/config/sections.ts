import { MAX_MESSAGE_SIZE } from "../sphinx/constants.ts";
import { inData, key } from "./key.ts";
import {
  address,
  amount,
  announced,
  announcedUrl,
  choice,
  count,
  delay,
  delayOrNever,
  flag,
  hosts,
  logFilter,
  orNone,
  path,
  pathOrNone,
  text,
  url,
} from "./kinds.ts";

const MIX_PORT = 1789;
const CLIENTS_PORT = 9000;
const OPERATOR_PORT = 9001;

/**
 * Every key of config.toml, in the order of the file. All else comes from here: the type `Config`, defaults, reading with
 * its errors, the file that `init` writes, what a reload takes over, docs/configuration.md. To add a key, add an entry;
 * what must hold between keys is in rules.ts. All keys of 0.7.0 are here.
 */
export const SECTIONS = {
  gateway: {
    id: key({
      kind: text,
      default: ({ id }) => id,
      comment: "The name of this gateway on this machine, as given to `init --id`. Other nodes never see it.",
    }),
    location: key({
      kind: text,
      default: "unknown",
      option: "location",
      comment: "Where on earth the gateway is, in words. The directory shows it to everybody; nothing depends on it.",
    }),
    private_sphinx_key_file: key({
      kind: path,
      default: inData("private_sphinx.pem"),
      comment: `The file with the secret half of the gateway's key, in PEM. Whoever has it can read all mail that passes
        here, so only the user that runs the gateway may read the file. Keep a copy in a safe place: it is the
        gateway's identity.`,
    }),
    public_sphinx_key_file: key({
      kind: path,
      default: inData("public_sphinx.pem"),
      comment: "The file with the public half of that key, in PEM. It is part of the address of each client.",
    }),
    storage_key_file: key({
      kind: path,
      default: inData("storage_key.pem"),
      comment: `The file with the key that seals stored messages and hides clients' addresses in the databases, in PEM.
        Without it they can't be read any more, so keep a copy. Kept on another disk, or passed by systemd as the
        credential storage_key.pem, it makes a stolen disk useless. The environment variable
        NYM_GATEWAY_STORAGE_KEY_FILE overrides this.`,
    }),
    presence_directory_server: key({
      kind: url,
      default: "https://directory.nymtech.net",
      option: "directory",
      comment:
        "The directory server: it lists this gateway for clients and mixnodes, and the mixnodes for this gateway.",
    }),
    refuse_address_clash: key({
      kind: flag,
      default: false,
      comment: `Whether not to start when the directory lists another gateway with one of our addresses. Anyone may post
        such an entry, so the default is false: then it is a warning, unless another gateway is seen to serve clients at
        our address.`,
    }),
    nym_root_directory: key({
      kind: text,
      default: ({ rootDirectory }) => rootDirectory,
      comment: "The folder in which each gateway of this user has a folder of its own, named after its id.",
    }),
  },

  mixnet_endpoint: {
    listening_address: key({
      kind: address(MIX_PORT),
      default: `0.0.0.0:${MIX_PORT}`,
      comment: `Where mixnodes deliver packets: an IPv4 or IPv6 address of this machine and a TCP port, as in
        0.0.0.0:1789 or [::]:1789.`,
    }),
    announce_address: key({
      kind: announced(MIX_PORT),
      default: `127.0.0.1:${MIX_PORT}`,
      comment: `What the directory tells mixnodes to connect to. It differs from listening_address behind NAT, or when
        that is 0.0.0.0. Without a port, it has that of listening_address.`,
    }),
    forward_to: key({
      kind: choice("topology", "any"),
      default: "topology",
      reloadable: "always",
      comment: `Where clients may send packets: "topology" is to the mixnodes that the directory lists, and nowhere
        else; "any" is to whatever address a client names, which lets clients make this machine connect to anything.`,
    }),
    allow_private_mixnodes: key({
      kind: flag,
      default: false,
      reloadable: "always",
      comment: `Whether clients may send packets to mixnodes of the directory at addresses that are not on the internet
        (loopback, private, link-local, multicast), or this gateway's own. Anyone may post to a directory, so the default
        is false. A gateway whose own announce_address is of such a kind sends to addresses of that kind.`,
    }),
    replay_window: key({
      kind: delay,
      default: 86_400_000,
      comment: `How long packets are remembered, in ms, across restarts too: one that comes again within that time is
        dropped. The default is a day. Only time in which the gateway runs counts, so a clock that is wrong for a while
        does not make it forget. The busiest gateways remember less: five million packets, in at most 64 MB of
        memory.`,
    }),
  },

  clients_endpoint: {
    listening_address: key({
      kind: address(CLIENTS_PORT),
      default: `0.0.0.0:${CLIENTS_PORT}`,
      comment: "Where clients connect by WebSocket: an IPv4 or IPv6 address of this machine and a TCP port.",
    }),
    announce_address: key({
      kind: announcedUrl(CLIENTS_PORT),
      default: `ws://127.0.0.1:${CLIENTS_PORT}`,
      comment: `What the directory tells clients to connect to: a ws:// URL, or wss:// if this gateway (tls_certificate)
        or a proxy in front of it speaks TLS. Without a scheme, it is ws://.`,
    }),
    inboxes_directory: key({
      kind: path,
      default: inData("inboxes"),
      option: "inboxes",
      comment: "The folder that keeps messages until their clients fetch them.",
    }),
    ledger_path: key({
      kind: path,
      default: inData("client_ledger.kv"),
      option: "clients-ledger",
      comment: "The file that records which clients have registered here.",
    }),
    allow_re_registration: key({
      kind: flag,
      default: false,
      comment: `Whether an address that has registered before may register again. With true, anyone who knows a client's
        address (the directory lists them all) can register it again and take the mail that waits for it, as was
        possible in 0.7.0. With false, a client gets its token once and has to keep it. A client that proves that it has
        the private key of its address, as our client library does, may register again in either case.`,
    }),
    tls_certificate: key({
      kind: pathOrNone,
      default: "",
      reloadable: "while set",
      comment: `A file in PEM with a certificate and its chain, to speak TLS (wss://) at listening_address without a
        proxy. Renewed files are taken up within a minute, or at once on SIGHUP, and nobody is disconnected. Empty (the
        default): no TLS. Turning TLS on or off takes a restart.`,
    }),
    tls_key: key({
      kind: pathOrNone,
      default: "",
      reloadable: "while set",
      comment: `The file in PEM with the certificate's private key. Only the user that runs the gateway may read it.`,
    }),
    require_proof: key({
      kind: flag,
      default: false,
      comment: `Whether a client has to prove, in order to register, that it has the private key of its address. With
        true, nobody can take another's address, but clients of 0.7.0, which know no proof, can't register any more;
        those that have a token carry on. The default is false.`,
    }),
    announce_clients: key({
      kind: flag,
      default: true,
      reloadable: "always",
      comment: `Whether the directory is told the address of each client that has registered here, as in 0.7.0. It shows
        them to everybody: whoever looks knows how many clients this gateway has, who they are, and when a new one came.
        With false the list is empty; clients lose nothing, as senders have their addresses from elsewhere. The default
        is true.`,
    }),
  },

  limits: {
    client_connections: key({
      kind: count,
      default: 10_000,
      reloadable: "always",
      comment: "How many clients may be connected at once.",
    }),
    client_connections_per_network: key({
      kind: count,
      default: 500,
      reloadable: "always",
      comment: "The same for one network.",
    }),
    connections_before_login: key({
      kind: count,
      default: 256,
      reloadable: "always",
      comment: `How many connections may be open that have not logged in. When one more comes, the oldest of them is
        closed.`,
    }),
    connections_before_login_per_network: key({
      kind: count,
      default: 32,
      reloadable: "always",
      comment: "The same for one network.",
    }),
    login_deadline: key({
      kind: delay,
      default: 10_000,
      reloadable: "always",
      comment: "How long a connection may take to become a WebSocket, and then as long again to log in, in ms.",
    }),
    frames_per_second: key({
      kind: count,
      default: 1000,
      reloadable: "always",
      comment: `How many frames a client may send in a second, in short bursts twice as many; fragments and pings count
        as well. A client that sends more is disconnected.`,
    }),
    registered_clients: key({
      kind: amount(1, "clients"),
      default: 200_000,
      reloadable: "always",
      comment:
        `How many clients may be registered. For one more, the one that registered and has been away longest without
        ever coming back leaves. When all have come back, no more can register.`,
    }),
    unused_registration_time: key({
      kind: amount(0, "ms"),
      default: 30 * 86_400_000,
      reloadable: "always",
      comment: `How long a client stays registered that has not come back since it registered, in ms; 0 is for ever. The
        default is 30 days. Only time in which the gateway runs and the client is not connected counts. New mail for a
        client that has left is dropped until it logs in again, for which its token is still good.`,
    }),
    registrations_per_hour: key({
      kind: count,
      default: 10_000,
      comment: "How many clients may register in an hour, all at once or spread over it.",
    }),
    registrations_per_hour_per_network: key({
      kind: count,
      default: 200,
      comment: "The same for one network.",
    }),
    wrong_tokens_per_hour_per_network: key({
      kind: count,
      default: 100,
      comment: `How many wrong tokens may come from one network in an hour. After that, a connection is closed at its
        first one.`,
    }),
    wrong_token_delay: key({
      kind: delay,
      default: 500,
      comment: "How long the answer to a wrong token is held back, in ms. Clients of 0.7.0 give up after 1500.",
    }),
    mixnet_connections: key({
      kind: count,
      default: 2000,
      reloadable: "always",
      comment: `How many connections from mixnodes may be open at once. When one more comes, mixnodes of the
        directory keep half of the places, and connections that have not brought a good packet an eighth; among those
        that have more, the network that holds most loses the connection that has been quiet longest.`,
    }),
    mixnet_connections_per_network: key({
      kind: count,
      default: 200,
      reloadable: "always",
      comment: "The same for one network.",
    }),
    mixnet_frame_deadline: key({
      kind: delay,
      default: 30_000,
      reloadable: "always",
      comment:
        "How long a packet may take from its first byte to its last, in ms. After that, its connection is closed.",
    }),
    mixnet_idle_timeout: key({
      kind: delayOrNever,
      default: 0,
      reloadable: "always",
      comment: `After how long a mixnode's connection that brings nothing is closed, in ms; 0 is never. Never is the
        default because a mixnode only notices a closed connection by the packets it loses. TCP itself notices a mixnode
        that has vanished.`,
    }),
    limit_loopback: key({
      kind: flag,
      default: false,
      reloadable: "always",
      comment: `Whether the limits for one network also hold for this machine itself (127.0.0.0/8, ::1). The default is
        false: behind a proxy all clients seem to come from here, and the proxy has to limit them.`,
    }),
    inbox_messages: key({
      kind: amount(1, "messages"),
      default: 100_000,
      reloadable: "always",
      comment: `How many messages are kept for one client. When its inbox is full, new ones for it are dropped and
        counted: if the oldest went instead, anyone who floods a client could delete its mail. A message has
        ${MAX_MESSAGE_SIZE} bytes at most.`,
    }),
    inbox_bytes: key({
      kind: amount(MAX_MESSAGE_SIZE, "bytes"),
      default: 100_000_000,
      reloadable: "always",
      comment: "How many bytes of messages are kept for one client.",
    }),
    mailbox_bytes: key({
      kind: amount(MAX_MESSAGE_SIZE, "bytes"),
      default: 10_000_000_000,
      reloadable: "always",
      comment:
        "How many bytes of messages are kept for all clients together. Beyond it new ones are dropped and counted.",
    }),
    time_to_live: key({
      kind: amount(0, "ms"),
      default: 30 * 86_400_000,
      reloadable: "always",
      comment: `How long a message is kept for a client that does not fetch it, in ms; the default is 30 days, 0 is for
        ever. Only time in which the gateway runs counts, since nobody can fetch anything while it does not: a wrong
        clock deletes no mail.`,
    }),
    minimum_free_disk: key({
      kind: amount(0, "bytes"),
      default: 200_000_000,
      reloadable: "always",
      comment:
        `How many bytes must be free on the inboxes' disk for new messages to be kept. With less, they are dropped
        and counted, stored ones are still delivered, and health says so. Space that has become free inside the
        mailbox's file, which never shrinks, counts as free.`,
    }),
    slow_client_bytes: key({
      kind: amount(4096, "bytes"),
      default: 65_536,
      reloadable: "always",
      comment: `How many bytes wait in memory for a client that reads slowly or not at all. The rest stays on the disk
        until it reads on.`,
    }),
  },

  operator: {
    listening_address: key({
      kind: orNone(address(OPERATOR_PORT)),
      default: `127.0.0.1:${OPERATOR_PORT}`,
      comment: `Where the operator finds the status page (open it in a browser), /metrics for Prometheus, /healthz and
        /readyz. The default, 127.0.0.1:9001, is for this machine alone: anyone who can connect needs no password,
        though it changes nothing and names no client. Empty: no such page. If another program has the port, the gateway
        warns and runs without it.`,
    }),
    allowed_hosts: key({
      kind: hosts,
      default: [],
      reloadable: "always",
      comment: `By what other names, or addresses, that page may be asked for. It always answers to localhost and to the
        address that it listens on, or to any IP address when that is 0.0.0.0 or [::]. Requests for any other host are
        refused: a web page elsewhere could point a name of its own at this machine, and read what is here through the
        operator's browser.`,
    }),
  },

  logging: {
    format: key({
      kind: choice("text", "json"),
      default: "text",
      reloadable: "always",
      comment: `What log lines look like: "text" (the default) as in 0.7.0, or "json" with one object a line.`,
    }),
    level: key({
      kind: logFilter,
      default: "info",
      reloadable: "always",
      comment:
        `How much is logged: off, error, warn, info (the default), debug or trace. Parts of the program may have a
        level of their own, as in "info,nym_gateway::mailbox=debug". The environment variable RUST_LOG overrides it.`,
    }),
    file: key({
      kind: pathOrNone,
      default: "",
      reloadable: "always",
      comment: `The file that log lines are added to. It is opened again on SIGHUP, for programs that rename it when it
        has grown (logrotate). Empty (the default): standard error, which systemd keeps in its journal.`,
    }),
  },

  debug: {
    presence_sending_delay: key({
      kind: delay,
      default: 1500,
      comment:
        `How long from one announcement at the directory to the next, in ms. The directory forgets a gateway after
        10 s of silence.`,
    }),
    packet_forwarding_initial_backoff: key({
      kind: delay,
      default: 10_000,
      comment: `How long to wait before retrying a mixnode that could not be reached, in ms. The wait doubles each time,
        up to the maximum.`,
    }),
    packet_forwarding_maximum_backoff: key({
      kind: delay,
      default: 300_000,
      comment: "The longest wait before retrying, in ms.",
    }),
    initial_connection_timeout: key({
      kind: delay,
      default: 1500,
      comment: "How long a mixnode may take to accept a connection, in ms.",
    }),
    stored_messages_filename_length: key({
      kind: count,
      default: 16,
      comment: "Not in use. 0.7.0 kept each message in a file of its own: the length of its name, in characters.",
    }),
    message_retrieval_limit: key({
      kind: count,
      default: 5,
      comment: "Not in use. How many stored messages 0.7.0 read at a time.",
    }),
  },
};

/** What is to be said of a section as a whole. */
export const SECTION_COMMENTS: { readonly [Name in keyof typeof SECTIONS]?: string } = {
  limits:
    `A "network" is the /24 of an IPv4 address, the /64 of an IPv6 address. All connections together have to fit into
    the file descriptors that this program may open (ulimit -n): a client takes three, or five with TLS, a mixnode one.
    When they run short, new connections have to wait.`,
};
