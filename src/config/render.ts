import type { Config } from "./config.ts";
import { tomlValue } from "./toml.ts";

/** Writes `config` as the text of a config.toml in which each key is explained. `parseConfig` reads it back the same. */
export function renderConfig(config: Config): string {
  const { gateway, mixnetEndpoint: mixnet, clientsEndpoint: clients, limits, operator, debug, logging } = config;
  return `# The configuration of this nym-gateway, read when it starts and again at SIGHUP. The format is TOML (https://toml.io).
# Options of \`nym-gateway run\` overrule what is written here. A key that is not known is an error. Give whole paths.

[gateway]
# The name of this gateway on this machine, as given to \`init --id\`. Other nodes never see it.
id = ${tomlValue(gateway.id)}

# Where on earth the gateway is, in words. The directory shows it to everybody; nothing depends on it.
location = ${tomlValue(gateway.location)}

# The file with the secret half of the gateway's key, in PEM. Whoever has it can read all mail that passes here, so
# nobody but the user that runs the gateway may read the file. Keep a copy in a safe place: it is the gateway's identity.
private_sphinx_key_file = ${tomlValue(gateway.privateSphinxKeyFile)}

# The file with the public half of that key, in PEM. It is part of the address of each client.
public_sphinx_key_file = ${tomlValue(gateway.publicSphinxKeyFile)}

# The file with the key that seals stored messages and hides clients' addresses in the databases, in PEM. Without it they
# can't be read any more, so keep a copy; kept on another disk, or handed over by systemd as the credential storage_key.pem,
# it makes a stolen disk useless. The environment variable NYM_GATEWAY_STORAGE_KEY_FILE overrules this.
storage_key_file = ${tomlValue(gateway.storageKeyFile)}

# The directory server that tells clients and mixnodes of this gateway, and this gateway of the mixnodes.
presence_directory_server = ${tomlValue(gateway.presenceDirectoryServer)}

# The folder in which each gateway of this user has a folder of its own, named by its id.
nym_root_directory = ${tomlValue(gateway.nymRootDirectory)}

[mixnet_endpoint]
# Where mixnodes deliver packets: an IPv4 or IPv6 address of this machine and a TCP port, as in 0.0.0.0:1789 or [::]:1789.
listening_address = ${tomlValue(mixnet.listeningAddress)}

# What the directory tells mixnodes to connect to instead: differs from the above behind NAT or with 0.0.0.0. Without a
# port, that of listening_address is meant.
announce_address = ${tomlValue(mixnet.announceAddress)}

# Where packets that clients hand in may be sent: "topology" is to the mixnodes that the directory lists, and nowhere
# else; "any" is to whatever address a client names, which lets clients make this machine connect to anything.
forward_to = ${tomlValue(mixnet.forwardTo)}

# How long packets are remembered, in ms, over restarts too: one that comes again within that time is dropped. The
# default is a day. Only the time counts in which the gateway runs, so that no clock that is set wrong for a while makes it
# forget. The busiest gateways remember less: five million packets, in at most 64 MB of memory.
replay_window = ${mixnet.replayWindow}

[clients_endpoint]
# Where clients connect by WebSocket: an IPv4 or IPv6 address of this machine and a TCP port.
listening_address = ${tomlValue(clients.listeningAddress)}

# What the directory tells clients to connect to: a ws:// URL, or wss:// if this gateway (tls_certificate) or a proxy in
# front of it speaks TLS. Without a scheme, ws:// is meant.
announce_address = ${tomlValue(clients.announceAddress)}

# The folder that keeps messages until their clients fetch them.
inboxes_directory = ${tomlValue(clients.inboxesDirectory)}

# The file that keeps which clients have registered here.
ledger_path = ${tomlValue(clients.ledgerPath)}

# Whether an address that has registered before may register again. With true, anyone who knows a client's address (the
# directory lists them all) can register it anew and take the mail that waits for it, as was possible in 0.7.0. With
# false, a client gets its token once and has to keep it; one that proves that it has the private key of its address,
# as our client library does, may register again in either case.
allow_re_registration = ${clients.allowReRegistration}

# A file in PEM with a certificate and its chain, to speak TLS (wss://) at listening_address without a proxy. Renewed
# files are taken up within a minute, or at once with SIGHUP, and nobody is disconnected. Empty (the default): no TLS; to
# begin or end to speak it takes a new start.
tls_certificate = ${tomlValue(clients.tlsCertificate)}

# The file in PEM with the certificate's private key. Nobody but the user that runs the gateway may read it.
tls_key = ${tomlValue(clients.tlsKey)}

# Whether a client has to prove, in order to register, that it has the private key of its address. With true, nobody can
# take an address that is another's, but clients of 0.7.0, which know no proof, can't register any more; those that have
# a token go on. The default is false.
require_proof = ${clients.requireProof}

# Whether the directory is told the address of each client that has registered here, as in 0.7.0. It shows them to
# everybody: whoever looks knows how many clients this gateway has, who they are, and when a new one came. With false the
# list is empty; clients lose nothing, as senders have their addresses from elsewhere. The default is true.
announce_clients = ${clients.announceClients}

[limits]
# What a "network" is: the /24 of an IPv4 address, the /64 of an IPv6 address. All connections together have to fit into
# the file descriptors that this program may open (ulimit -n): a client takes three, or five with TLS, a mixnode one. When
# they run short, newcomers have to wait.

# How many clients may be connected at once …
client_connections = ${limits.clientConnections}

# … and how many from one network.
client_connections_per_network = ${limits.clientConnectionsPerNetwork}

# How many connections there may be that have not logged in. For one more, the oldest of them is closed.
connections_before_login = ${limits.connectionsBeforeLogin}

# The same for one network.
connections_before_login_per_network = ${limits.connectionsBeforeLoginPerNetwork}

# How long a connection has to become a WebSocket, and then to log in, in ms each.
login_deadline = ${limits.loginDeadline}

# How many frames a client may send in a second, twice as many for a moment; fragments and pings count as well. One that
# sends more is disconnected.
frames_per_second = ${limits.framesPerSecond}

# How many may register in an hour, all at once or spread …
registrations_per_hour = ${limits.registrationsPerHour}

# … and how many from one network.
registrations_per_hour_per_network = ${limits.registrationsPerHourPerNetwork}

# How many wrong tokens a network may give in an hour. After that, a connection is closed at its first one.
wrong_tokens_per_hour_per_network = ${limits.wrongTokensPerHourPerNetwork}

# How long a wrong token waits for its answer, in ms. Clients of 0.7.0 give up after 1500.
wrong_token_delay = ${limits.wrongTokenDelay}

# How many connections of mixnodes there may be at once. For one more, the oldest that has brought no packet is closed …
mixnet_connections = ${limits.mixnetConnections}

# … and the same for one network.
mixnet_connections_per_network = ${limits.mixnetConnectionsPerNetwork}

# How long a packet may take from its first byte to its last, in ms. After that, its connection is closed.
mixnet_frame_deadline = ${limits.mixnetFrameDeadline}

# After how long a mixnode's connection that brings nothing is closed, in ms; 0 is never. Never is the default because
# a mixnode notices only by the packets that it loses. One that has vanished is noticed by TCP itself.
mixnet_idle_timeout = ${limits.mixnetIdleTimeout}

# Whether what is limited for a network is limited for this machine itself (127.0.0.0/8, ::1). The default is false: behind
# a proxy all clients seem to come from here, and it is the proxy that has to limit them.
limit_loopback = ${limits.limitLoopback}

# How many messages are kept for one client. When its inbox is full, new ones for it are dropped and counted: if the oldest
# went instead, whoever floods a client could delete its mail. A message has 975 bytes at most …
inbox_messages = ${limits.inboxMessages}

# … and how many bytes of them.
inbox_bytes = ${limits.inboxBytes}

# How many bytes of messages are kept for all clients together. Beyond it new ones are dropped and counted.
mailbox_bytes = ${limits.mailboxBytes}

# How long a message is kept for a client that does not fetch it, in ms; the default is 30 days, 0 is for ever. Only time
# in which the gateway runs counts, as nobody can fetch anything in the other: no wrong clock deletes mail.
time_to_live = ${limits.timeToLive}

# How many bytes have to be free on the disk with the inboxes for new messages to be kept. With less they are dropped and
# counted, what is there is handed out, and health says so. What has become free inside the mailbox's file, which never
# shrinks, counts too.
minimum_free_disk = ${limits.minimumFreeDisk}

# How many bytes wait in memory for a client that reads slowly or not at all. What is beyond stays on the disk until it
# reads on.
slow_client_bytes = ${limits.slowClientBytes}

[operator]
# Where the operator finds the status page (open it in a browser), /metrics for Prometheus, /healthz and /readyz. Default
# 127.0.0.1:9001, for this machine alone: who can connect needs no password, though it changes nothing and names no client.
# With "" there is none. When another program has the port, the gateway warns and serves without it.
listening_address = ${tomlValue(operator.listeningAddress)}

[logging]
# How log lines look: "text" (the default) as in 0.7.0, or "json" with one object a line.
format = ${tomlValue(logging.format)}

# How much is logged: off, error, warn, info (the default), debug or trace; parts of the program may have a level of their
# own, as in "info,nym_gateway::mailbox=debug". The environment variable RUST_LOG overrules it.
level = ${tomlValue(logging.level)}

# The file that log lines are added to. It is opened anew with SIGHUP, for programs that rename it when it has grown
# (logrotate). Empty (the default): standard error, which systemd keeps in its journal.
file = ${tomlValue(logging.file)}

[debug]
# How long from one announcement at the directory to the next, in ms. It forgets a gateway after 10 s of silence.
presence_sending_delay = ${debug.presenceSendingDelay}

# How long to wait before connecting again to a mixnode that could not be reached, in ms. The wait doubles each time …
packet_forwarding_initial_backoff = ${debug.packetForwardingInitialBackoff}

# … up to this, in ms.
packet_forwarding_maximum_backoff = ${debug.packetForwardingMaximumBackoff}

# How long a mixnode has to accept a connection, in ms.
initial_connection_timeout = ${debug.initialConnectionTimeout}

# Not in use: 0.7.0 kept each message in a file of its own, with a name of so many characters.
stored_messages_filename_length = ${debug.storedMessagesFilenameLength}

# Not in use: 0.7.0 read so many stored messages at a time.
message_retrieval_limit = ${debug.messageRetrievalLimit}
`;
}
