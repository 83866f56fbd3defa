import { parseLogFilter } from "../logging/log.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { announceAddress, clientsAnnounceAddress } from "./addresses.ts";
import { type Config, DEFAULT_CLIENTS_PORT, DEFAULT_MIX_PORT, DEFAULT_OPERATOR_PORT, defaultConfig } from "./config.ts";
import { MAX_MESSAGE_SIZE } from "../sphinx/constants.ts";
import { suggestion } from "./nearest.ts";
import { Section } from "./section.ts";
import type { TomlTable } from "smol-toml";
import { parseToml } from "./toml.ts";

/** The sections of config.toml and their keys. Those of 0.7.0 are all there. */
export const SECTIONS = {
  gateway: [
    "id",
    "location",
    "private_sphinx_key_file",
    "public_sphinx_key_file",
    "storage_key_file",
    "presence_directory_server",
    "nym_root_directory",
  ],
  mixnet_endpoint: ["listening_address", "announce_address", "forward_to", "replay_window"],
  clients_endpoint: [
    "listening_address",
    "announce_address",
    "inboxes_directory",
    "ledger_path",
    "allow_re_registration",
    "tls_certificate",
    "tls_key",
    "require_proof",
    "announce_clients",
  ],
  limits: [
    "client_connections",
    "client_connections_per_network",
    "connections_before_login",
    "connections_before_login_per_network",
    "login_deadline",
    "frames_per_second",
    "registrations_per_hour",
    "registrations_per_hour_per_network",
    "wrong_tokens_per_hour_per_network",
    "wrong_token_delay",
    "mixnet_connections",
    "mixnet_connections_per_network",
    "mixnet_frame_deadline",
    "mixnet_idle_timeout",
    "limit_loopback",
    "inbox_messages",
    "inbox_bytes",
    "mailbox_bytes",
    "time_to_live",
    "minimum_free_disk",
    "slow_client_bytes",
  ],
  operator: ["listening_address"],
  logging: ["format", "level", "file"],
  debug: [
    "presence_sending_delay",
    "packet_forwarding_initial_backoff",
    "packet_forwarding_maximum_backoff",
    "initial_connection_timeout",
    "stored_messages_filename_length",
    "message_retrieval_limit",
  ],
} as const satisfies Record<string, readonly string[]>;

/**
 * Reads the text of a config.toml, ours or 0.7.0's. `[gateway] id` and `nym_root_directory` must be there, any other key
 * has a default. `path` names the file in the OperatorError that is thrown when a key is unknown or a value is not right.
 */
export function parseConfig(text: string, path: string): Config {
  const attempt = `Cannot read ${path}`;
  const tables = readSections(text, attempt);
  const section = (name: keyof typeof SECTIONS) => new Section(attempt, name, tables[name] ?? {}, SECTIONS);
  const gateway = section("gateway");
  const mixnet = section("mixnet_endpoint");
  const clients = section("clients_endpoint");
  const limits = readLimits(section("limits"));
  const operator = section("operator");
  const logging = section("logging");
  const debug = section("debug");

  const defaults = defaultConfig(gateway.string("id"), gateway.string("nym_root_directory"));
  const mixListening = mixnet.address("listening_address", defaults.mixnetEndpoint.listeningAddress, DEFAULT_MIX_PORT);
  const clientsListening = clients.address(
    "listening_address",
    defaults.clientsEndpoint.listeningAddress,
    DEFAULT_CLIENTS_PORT,
  );
  if (mixListening === clientsListening) {
    throw clients.error("listening_address", `is the same as in [mixnet_endpoint]: ${mixListening}`);
  }
  const initialBackoff = debug.delay(
    "packet_forwarding_initial_backoff",
    defaults.debug.packetForwardingInitialBackoff,
  );
  const maximumBackoff = debug.delay(
    "packet_forwarding_maximum_backoff",
    defaults.debug.packetForwardingMaximumBackoff,
  );
  if (maximumBackoff < initialBackoff) {
    throw debug.error(
      "packet_forwarding_maximum_backoff",
      `is below packet_forwarding_initial_backoff (${initialBackoff})`,
    );
  }
  const logLevel = logging.string("level", defaults.logging.level);
  if (parseLogFilter(logLevel) === undefined) {
    throw logging.error(
      "level",
      `is "${logLevel}", which is no level, as in "info" or "info,nym_gateway::mailbox=debug"`,
    );
  }
  const tlsCertificate = clients.pathOrNone("tls_certificate", defaults.clientsEndpoint.tlsCertificate);
  const tlsKey = clients.pathOrNone("tls_key", defaults.clientsEndpoint.tlsKey);
  if ((tlsCertificate === "") !== (tlsKey === "")) {
    throw clients.error(tlsKey === "" ? "tls_key" : "tls_certificate", "must be given too: TLS needs both files");
  }
  return {
    gateway: {
      ...defaults.gateway,
      location: gateway.string("location", defaults.gateway.location),
      privateSphinxKeyFile: gateway.path("private_sphinx_key_file", defaults.gateway.privateSphinxKeyFile),
      publicSphinxKeyFile: gateway.path("public_sphinx_key_file", defaults.gateway.publicSphinxKeyFile),
      storageKeyFile: gateway.path("storage_key_file", defaults.gateway.storageKeyFile),
      presenceDirectoryServer: gateway.url("presence_directory_server", defaults.gateway.presenceDirectoryServer),
    },
    mixnetEndpoint: {
      listeningAddress: mixListening,
      announceAddress: mixnet.announced(defaults.mixnetEndpoint.announceAddress, mixListening, announceAddress),
      forwardTo: mixnet.choice("forward_to", ["topology", "any"], defaults.mixnetEndpoint.forwardTo),
      replayWindow: mixnet.delay("replay_window", defaults.mixnetEndpoint.replayWindow),
    },
    clientsEndpoint: {
      listeningAddress: clientsListening,
      announceAddress: clients.announced(
        defaults.clientsEndpoint.announceAddress,
        clientsListening,
        clientsAnnounceAddress,
        ", nor a URL as wss://gateway.example.org",
      ),
      inboxesDirectory: clients.path("inboxes_directory", defaults.clientsEndpoint.inboxesDirectory),
      ledgerPath: clients.path("ledger_path", defaults.clientsEndpoint.ledgerPath),
      allowReRegistration: clients.flag("allow_re_registration", defaults.clientsEndpoint.allowReRegistration),
      tlsCertificate,
      tlsKey,
      requireProof: clients.flag("require_proof", defaults.clientsEndpoint.requireProof),
      announceClients: clients.flag("announce_clients", defaults.clientsEndpoint.announceClients),
    },
    limits,
    operator: {
      listeningAddress: operator.addressOrNone(
        "listening_address",
        defaults.operator.listeningAddress,
        DEFAULT_OPERATOR_PORT,
      ),
    },
    logging: {
      format: logging.choice("format", ["text", "json"], defaults.logging.format),
      level: logLevel,
      file: logging.pathOrNone("file", defaults.logging.file),
    },
    debug: {
      presenceSendingDelay: debug.delay("presence_sending_delay", defaults.debug.presenceSendingDelay),
      packetForwardingInitialBackoff: initialBackoff,
      packetForwardingMaximumBackoff: maximumBackoff,
      initialConnectionTimeout: debug.delay("initial_connection_timeout", defaults.debug.initialConnectionTimeout),
      storedMessagesFilenameLength: debug.count(
        "stored_messages_filename_length",
        defaults.debug.storedMessagesFilenameLength,
      ),
      messageRetrievalLimit: debug.count("message_retrieval_limit", defaults.debug.messageRetrievalLimit),
    },
  };
}

function readLimits(section: Section): Config["limits"] {
  const { limits } = defaultConfig("", "");
  return {
    clientConnections: section.count("client_connections", limits.clientConnections),
    clientConnectionsPerNetwork: section.count("client_connections_per_network", limits.clientConnectionsPerNetwork),
    connectionsBeforeLogin: section.count("connections_before_login", limits.connectionsBeforeLogin),
    connectionsBeforeLoginPerNetwork: section.count(
      "connections_before_login_per_network",
      limits.connectionsBeforeLoginPerNetwork,
    ),
    loginDeadline: section.delay("login_deadline", limits.loginDeadline),
    framesPerSecond: section.count("frames_per_second", limits.framesPerSecond),
    registrationsPerHour: section.count("registrations_per_hour", limits.registrationsPerHour),
    registrationsPerHourPerNetwork: section.count(
      "registrations_per_hour_per_network",
      limits.registrationsPerHourPerNetwork,
    ),
    wrongTokensPerHourPerNetwork: section.count(
      "wrong_tokens_per_hour_per_network",
      limits.wrongTokensPerHourPerNetwork,
    ),
    wrongTokenDelay: section.delay("wrong_token_delay", limits.wrongTokenDelay),
    mixnetConnections: section.count("mixnet_connections", limits.mixnetConnections),
    mixnetConnectionsPerNetwork: section.count("mixnet_connections_per_network", limits.mixnetConnectionsPerNetwork),
    mixnetFrameDeadline: section.delay("mixnet_frame_deadline", limits.mixnetFrameDeadline),
    mixnetIdleTimeout: section.delayOrNever("mixnet_idle_timeout", limits.mixnetIdleTimeout),
    limitLoopback: section.flag("limit_loopback", limits.limitLoopback),
    inboxMessages: section.amount("inbox_messages", limits.inboxMessages, 1),
    inboxBytes: section.amount("inbox_bytes", limits.inboxBytes, MAX_MESSAGE_SIZE),
    mailboxBytes: section.amount("mailbox_bytes", limits.mailboxBytes, MAX_MESSAGE_SIZE),
    timeToLive: section.amount("time_to_live", limits.timeToLive, 0),
    minimumFreeDisk: section.amount("minimum_free_disk", limits.minimumFreeDisk, 0),
    slowClientBytes: section.amount("slow_client_bytes", limits.slowClientBytes, 4096),
  };
}

/** The file's sections by name, each known and each a table. */
function readSections(text: string, attempt: string): Readonly<Record<string, TomlTable>> {
  const refuse = (reason: string) => new OperatorError(`${attempt}: ${reason}`, ExitCode.CONFIGURATION);
  const sections: Record<string, TomlTable> = {};
  for (const [name, value] of Object.entries(parseOrRefuse(text, refuse))) {
    const known = Object.hasOwn(SECTIONS, name);
    if (isTable(value) && known) sections[name] = value;
    else if (isTable(value)) throw refuse(`unknown section [${name}]${suggestion(name, Object.keys(SECTIONS))}`);
    else throw refuse(`key "${name}" stands in no section, or [${name}] is none; the sections are ${SECTION_NAMES}`);
  }
  return sections;
}

const SECTION_NAMES = Object.keys(SECTIONS).map((name) => `[${name}]`).join(", ");

function parseOrRefuse(text: string, refuse: (reason: string) => OperatorError): TomlTable {
  try {
    return parseToml(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw refuse(error.message);
    throw error;
  }
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
