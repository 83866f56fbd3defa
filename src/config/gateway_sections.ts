import { MAX_MESSAGE_SIZE } from "../sphinx/constants.ts";
import { inData, key } from "./key.ts";
import {
  address,
  amount,
  announced,
  announcedUrl,
  choice,
  count,
  countOrNone,
  databaseUrl,
  delay,
  delayOrNever,
  flag,
  logFilter,
  networks,
  orNone,
  path,
  pathOrNone,
  publicKeys,
  text,
  url,
} from "./kinds.ts";
import { operatorSection } from "./operator_section.ts";

const MIX_PORT = 1789;
const CLIENTS_PORT = 9000;
const OPERATOR_PORT = 9001;

/**
 * Every key of config.toml, in the order of the file, including all keys of 0.7.0. Everything else derives from this
 * table: the type `Config`, defaults, parsing and its errors, the file that `init` writes, reloading, and
 * docs/configuration.md. To add a key, add an entry. Rules between keys are in rules.ts.
 */
export const GATEWAY_SECTIONS = {
  gateway: {
    id: key({
      kind: text,
      default: ({ id }) => id,
      comment: "The name of this gateway on this machine, set with `init --id`. Other nodes never see it.",
    }),
    location: key({
      kind: text,
      default: "unknown",
      option: "location",
      comment: "The gateway's location, as free text. The directory shows it to everybody; nothing depends on it.",
    }),
    private_sphinx_key_file: key({
      kind: path,
      default: inData("private_sphinx.pem"),
      comment: `The file with the gateway's private key, in PEM. Anyone who has it can read all mail that passes through
        here, so only the user that runs the gateway may read the file. Keep a copy in a safe place: it is the
        gateway's identity.`,
    }),
    public_sphinx_key_file: key({
      kind: path,
      default: inData("public_sphinx.pem"),
      comment: "The file with the gateway's public key, in PEM. It is part of each client's address.",
    }),
    storage_key_file: key({
      kind: path,
      default: inData("storage_key.pem"),
      comment: `The file with the key that seals stored messages and hides clients' addresses in the databases, in PEM.
        Without it they cannot be read, so keep a copy. Keep the key on another disk, or pass it as the systemd
        credential storage_key.pem, to make a stolen disk useless. The environment variable
        NYM_GATEWAY_STORAGE_KEY_FILE overrides this.`,
    }),
    presence_directory_server: key({
      kind: url,
      default: "https://directory.nymtech.net",
      option: "directory",
      comment:
        "The directory server, which lists this gateway for clients and mixnodes, and the mixnodes for this gateway.",
    }),
    directory_key: key({
      kind: publicKeys,
      default: [],
      reloadable: "always",
      comment:
        `The public key of the directory server, as its \`directory init\` prints it. With it, only topologies that
        this directory has signed are accepted, and none that is older than one seen before, so nobody on the way can
        replace the mixnodes by others. List two keys while the directory changes its key. Empty (the default), as with a
        directory of 0.7.0, which signs nothing: no signatures.`,
    }),
    maximum_topology_age: key({
      kind: delayOrNever,
      default: 3_600_000,
      reloadable: "always",
      comment:
        `With directory_key, the time in ms for which a topology is accepted after the directory has signed it, so that
        nobody can send one from long ago to a node that has not seen a newer one. One whose time is in the future by
        more than that is refused too. 0 accepts topologies of any age. It needs a clock that is right.`,
    }),
    refuse_address_clash: key({
      kind: flag,
      default: false,
      comment: `Whether to refuse to start if the directory lists another gateway with one of our addresses. Anyone may
        post such an entry, so the default is false: then it is only a warning, unless another gateway actually serves
        clients at our address.`,
    }),
    nym_root_directory: key({
      kind: text,
      default: ({ rootDirectory }) => rootDirectory,
      comment: "The folder that contains a folder for each gateway of this user, named after its id.",
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
      comment:
        `The address that the directory gives to mixnodes. It differs from listening_address behind NAT, or if that
        is 0.0.0.0. The port defaults to that of listening_address.`,
    }),
    forward_to: key({
      kind: choice("topology", "any"),
      default: "topology",
      reloadable: "always",
      comment: `Where clients may send packets. "topology": only to mixnodes that the directory lists. "any": to any
        address that a client names, which lets clients make this machine connect to anything.`,
    }),
    allow_private_mixnodes: key({
      kind: flag,
      default: false,
      reloadable: "always",
      comment:
        `Whether clients may send packets to mixnodes of the directory at non-public addresses (loopback, private,
        link-local, multicast), or at this gateway's own. Anyone may post to a directory, so the default is false. A
        gateway whose own announce_address is of such a kind also sends to addresses of that kind.`,
    }),
    replay_window: key({
      kind: delay,
      default: 86_400_000,
      comment: `How long packets are remembered, in ms, also across restarts. A packet that is replayed within this time
        is dropped. The default is a day. Only time during which the gateway runs counts, so a wrong clock does not make
        it forget. A database that gateways share remembers packets too, for as many days by its clock.`,
    }),
    replay_packets: key({
      kind: amount(1000, "packets"),
      default: 5_242_880,
      comment: `The most packets remembered, each in up to 26 bytes of memory once it has arrived. With more of them
        within replay_window, the oldest packets of the clients that get the most are forgotten, and counted, so flooding
        a few clients does not make the gateway forget packets of others. A database that gateways share keeps all of
        them: 88 bytes each, on its disk. A client that is always online gets a packet a
        second or more, because it sends cover messages to itself: 86,400 a day.`,
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
      comment:
        `The address that the directory gives to clients: a ws:// URL, or wss:// if this gateway (tls_certificate)
        or a proxy in front of it speaks TLS. The scheme defaults to ws://.`,
    }),
    inboxes_directory: key({
      kind: path,
      default: inData("inboxes"),
      option: "inboxes",
      comment: "The folder that stores messages until their clients fetch them.",
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
      comment: `Whether a registered address may register again. If true, anyone who knows a client's address (the
        directory lists them all) can register it again and take its waiting mail, as in 0.7.0. If
        false, a client gets its token once and must keep it. A client that proves that it has the private key of its
        address, as our client library does, may register again in either case.`,
    }),
    tls_certificate: key({
      kind: pathOrNone,
      default: "",
      reloadable: "while set",
      comment: `A PEM file with a certificate and its chain, to serve TLS (wss://) at listening_address without a proxy.
        Renewed files are loaded within a minute, or at once on SIGHUP, without disconnecting anyone. Empty (the
        default): no TLS. Turning TLS on or off needs a restart.`,
    }),
    tls_key: key({
      kind: pathOrNone,
      default: "",
      reloadable: "while set",
      comment: `The PEM file with the certificate's private key. Only the user that runs the gateway may read it.`,
    }),
    require_proof: key({
      kind: flag,
      default: false,
      comment: `Whether a client has to prove that it has the private key of its address in order to register. If true,
        nobody can take another client's address, but new 0.7.0 clients cannot register, because they have no such
        proof. Clients with a token are not affected, nor is anybody who registered another's address before this was
        true. The default is false.`,
    }),
    announce_clients: key({
      kind: flag,
      default: true,
      reloadable: "always",
      comment: `Whether to announce the address of each registered client to the directory, as 0.7.0 does. The directory
        shows them to everybody, so anyone can see how many clients this gateway has, who they are, and when a new one
        registered. If false, the list is empty. Clients lose nothing: senders learn their addresses elsewhere. The
        default is true.`,
    }),
  },

  limits: {
    client_connections: key({
      kind: count,
      default: 10_000,
      reloadable: "always",
      comment: `The most clients logged in at once. When another one logs in, the session that has been idle longest is
        closed, of the network with the most. Clients that registered more than a day ago keep half of the places.`,
    }),
    client_connections_per_network: key({
      kind: count,
      default: 500,
      reloadable: "always",
      comment: "The same for one network.",
    }),
    connections_before_login: key({
      kind: count,
      default: 1024,
      reloadable: "always",
      comment: `The most connections open that have not logged in. When another one arrives, one is closed whose network
        recently opened many without a login; if there is none, the oldest. So each has as long to log in as this many
        new connections take to arrive: 4 s at 256 a second.`,
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
      comment: "How long a connection may take to become a WebSocket, and after that to log in, in ms.",
    }),
    frames_per_second: key({
      kind: count,
      default: 1000,
      reloadable: "always",
      comment: `The most frames a client may send per second; twice as many in short bursts. Fragments and pings count
        too. A client that sends more is disconnected.`,
    }),
    registered_clients: key({
      kind: amount(1, "clients"),
      default: 200_000,
      reloadable: "always",
      comment: `The most registered clients. When another one registers, the client that has been away longest since its
        registration, without ever logging in again, is removed. If all have logged in again, no more can register.`,
    }),
    unused_registration_time: key({
      kind: amount(0, "ms"),
      default: 30 * 86_400_000,
      reloadable: "always",
      comment:
        `How long a client stays registered without ever logging in again, in ms; 0 means for ever. The default is
        30 days. Only time during which the gateway runs and the client is not connected counts; in PostgreSQL, the
        database's clock counts, also while no gateway runs. Mail for a removed client
        is dropped until it logs in again, for which its token is still valid.`,
    }),
    registrations_per_hour: key({
      kind: count,
      default: 10_000,
      comment: "The most clients that may register per hour, all at once or spread out.",
    }),
    registrations_per_hour_per_network: key({
      kind: count,
      default: 200,
      comment: "The same for one network.",
    }),
    wrong_tokens_per_hour_per_network: key({
      kind: count,
      default: 100,
      comment: `The most wrong tokens per hour from one network. Beyond that, a connection is closed at its first wrong
        token.`,
    }),
    wrong_token_delay: key({
      kind: delay,
      default: 500,
      comment: "How long to delay the answer to a wrong token, in ms. 0.7.0 clients give up after 1500.",
    }),
    mixnet_connections: key({
      kind: count,
      default: 2000,
      reloadable: "always",
      comment: `The most connections from mixnodes at once. When another one arrives, half of the places remain
        reserved for mixnodes of the directory, and an eighth for connections that have not delivered a valid packet.
        Of the groups that hold more than that, the network with the most connections loses the one that has been idle
        longest.`,
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
      comment: "How long a packet may take from its first byte to its last, in ms, before its connection is closed.",
    }),
    mixnet_idle_timeout: key({
      kind: delayOrNever,
      default: 0,
      reloadable: "always",
      comment: `How long a mixnode's connection may be idle before it is closed, in ms; 0 means for ever. That is the
        default, because a mixnode only notices a closed connection by losing packets. TCP keep-alive detects a mixnode
        that has vanished.`,
    }),
    limit_loopback: key({
      kind: flag,
      default: false,
      reloadable: "always",
      comment:
        `Whether this machine (127.0.0.0/8, ::1) counts as one network like any other. The default is false: it has 32
        times the limits of a network, for programs that run many clients or measure the gateway. Web pages that are open
        on this machine always count as one network.`,
    }),
    trusted_proxies: key({
      kind: networks,
      default: [],
      reloadable: "always",
      comment:
        `Addresses and networks of proxies in front of this gateway. Limits per network then apply to their clients,
        by the address in a PROXY header (version 1 or 2, at either port, before TLS), or in the X-Forwarded-For or
        Forwarded header of a client's request. A proxy that sends none of them counts itself. Only list
        proxies that always set the address themselves: those that pass on what clients send let clients choose an
        address. From any other address, PROXY headers are refused and the others ignored.`,
    }),
    inbox_messages: key({
      kind: amount(1, "messages"),
      default: 100_000,
      reloadable: "always",
      comment:
        `The most messages stored for one client. When its inbox is full, new messages are dropped and counted: if
        the oldest were dropped instead, anyone could delete a client's mail by flooding it. A message has at most
        ${MAX_MESSAGE_SIZE} bytes.`,
    }),
    inbox_bytes: key({
      kind: amount(MAX_MESSAGE_SIZE, "bytes"),
      default: 100_000_000,
      reloadable: "always",
      comment: "The most bytes of messages stored for one client.",
    }),
    mailbox_bytes: key({
      kind: amount(MAX_MESSAGE_SIZE, "bytes"),
      default: 10_000_000_000,
      reloadable: "always",
      comment:
        `The most bytes of messages stored for all clients together. A message counts as 200 at least, which it takes on
        the disk. From half of it on, the fuller the mailbox, the
        less one inbox may use, so new messages for the largest inboxes are dropped first, and counted. An eighth is
        divided among all clients (registered_clients): each can use its share whatever other inboxes hold, 6 KB by
        default.`,
    }),
    time_to_live: key({
      kind: amount(0, "ms"),
      default: 30 * 86_400_000,
      reloadable: "always",
      comment: `How long a message is stored for a client that does not fetch it, in ms. The default is 30 days; 0 means
        for ever. Only time during which the gateway runs counts, because nobody can fetch mail while it does not. A
        wrong clock deletes no mail. In PostgreSQL, the database's clock counts, also while no gateway runs.`,
    }),
    minimum_free_disk: key({
      kind: amount(0, "bytes"),
      default: 200_000_000,
      reloadable: "always",
      comment:
        `The least free space on the inboxes' disk, in bytes, for storing new messages. With less, they are dropped
        and counted, and the health check fails; stored messages are still delivered. Free space inside the mailbox's
        file, which never shrinks, counts too. With PostgreSQL, the health check only warns about this machine's disk:
        watch the database's, too.`,
    }),
    slow_client_bytes: key({
      kind: amount(4096, "bytes"),
      default: 65_536,
      reloadable: "always",
      comment:
        `The most bytes buffered in memory for a client that reads slowly or not at all. The rest stays on the disk
        until it catches up.`,
    }),
  },

  operator: operatorSection(OPERATOR_PORT),

  logging: {
    format: key({
      kind: choice("text", "json"),
      default: "text",
      reloadable: "always",
      comment: `The format of log lines: "text" (the default), as in 0.7.0, or "json", one object per line.`,
    }),
    level: key({
      kind: logFilter,
      default: "info",
      reloadable: "always",
      comment: `How much is logged: off, error, warn, info (the default), debug or trace. Parts of the program can have
        their own level, as in "info,nym_gateway::mailbox=debug". The environment variable RUST_LOG overrides it.`,
    }),
    file: key({
      kind: pathOrNone,
      default: "",
      reloadable: "always",
      comment:
        `The file to append log lines to. It is reopened on SIGHUP, for programs such as logrotate that rename it.
        Empty (the default): standard error, which systemd writes to its journal.`,
    }),
  },

  storage: {
    kind: key({
      kind: choice("embedded", "postgresql"),
      default: "embedded",
      comment: `Where mail and the ledger are kept. "embedded": in files on this machine. "postgresql": in a PostgreSQL
        database that several gateways with the same keys may share; see docs/cluster.md. The folder in
        inboxes_directory is needed either way.`,
    }),
    url: key({
      kind: orNone(databaseUrl),
      default: "",
      comment: `The database: postgres://role@host:port,host:port/database. With several hosts, the one that accepts
        writes is used. A host that begins with %2F is the folder of a Unix socket.`,
    }),
    password_file: key({
      kind: pathOrNone,
      default: "",
      comment: `The file with the role's password in its first line. The systemd credential postgresql_password
        overrides this. Empty: the role needs none.`,
    }),
    tls: key({
      kind: choice("verify", "off"),
      default: "verify",
      comment: `"verify": speak TLS with the database, and check its certificate and name. "off": do neither, for a
        database on this machine or in a private network. Not used with a Unix socket.`,
    }),
    certificate_authority: key({
      kind: pathOrNone,
      default: "",
      comment: "The file with the certificates, in PEM, that may sign the database's. Empty: the well-known ones.",
    }),
  },

  debug: {
    presence_sending_delay: key({
      kind: delay,
      default: 1500,
      comment: `The time between two announcements to the directory, in ms. The directory forgets a gateway after 10 s
        without one.`,
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
      kind: countOrNone,
      default: 16,
      comment: "Not used. In 0.7.0, the length of the name of each message's file, in characters.",
    }),
    message_retrieval_limit: key({
      kind: countOrNone,
      default: 5,
      comment: "Not used. In 0.7.0, the number of stored messages read at a time.",
    }),
  },
};

/** Comments on whole sections. */
export const GATEWAY_SECTION_COMMENTS: { readonly [Name in keyof typeof GATEWAY_SECTIONS]?: string } = {
  limits:
    `A "network" is the /24 of an IPv4 address or the /64 of an IPv6 address. All connections together must fit into
    this program's limit of file descriptors (ulimit -n): a client takes three, a mixnode one. When
    they run short, new connections have to wait.`,
};
