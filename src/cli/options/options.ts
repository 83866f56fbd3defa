import { portOf } from "../../config/addresses.ts";
import {
  configPath,
  defaultConfig,
  defaultsOf,
  DIRECTORY,
  MIXNODE,
  type OverridingOption,
} from "../../config/config.ts";

/** An option of a command. */
export interface Option {
  /** the kind of value, as in `--id <word>`; undefined for a flag */
  readonly value?: string;
  /** what the option does, for `--help` */
  readonly meaning: string;
  /** what a new node gets without it; an option without a default is required */
  readonly default?: string;
  /** every valid value, if they can be listed */
  readonly choices?: readonly string[];
}

/** The name of an option, without its dashes. */
export type OptionName =
  | OverridingOption
  | "id"
  | "config"
  | "mix-host"
  | "mix-port"
  | "mix-announce-host"
  | "mix-announce-port"
  | "clients-host"
  | "clients-port"
  | "clients-announce-host"
  | "clients-announce-port"
  | "host"
  | "port"
  | "announce-host"
  | "announce-port"
  | "key"
  | "output"
  | "watch"
  | "file"
  | "passphrase-file"
  | "shell"
  | "keep-outside-paths"
  | "mixnodes"
  | "gateway"
  | "tls"
  | "services"
  | "url"
  | "admin-url"
  | "admin-password-file"
  | "password-file"
  | "certificate-authority"
  | "to"
  | "merge";

/** The given values, by option; a flag's is {@linkcode GIVEN}. */
export type Options = Readonly<Partial<Record<OptionName, string>>>;

/** The value of a flag. */
export const GIVEN = "given";

/**
 * What this program can be besides a gateway; or a network of these, which it plans; or a gateway's storage. Its commands
 * are in two words that begin with the role.
 */
export type RoleName = "mixnode" | "directory" | "network" | "storage";

/** The name of a command, as it is typed. */
export type CommandName =
  | "init"
  | "run"
  | "check"
  | "status"
  | "reload"
  | "inboxes"
  | "export"
  | "import"
  | "relocate"
  | "node-details"
  | "build-info"
  | "completions"
  | "man"
  | "mixnode init"
  | "mixnode run"
  | "mixnode check"
  | "mixnode status"
  | "mixnode reload"
  | "mixnode relocate"
  | "mixnode node-details"
  | "directory init"
  | "directory run"
  | "directory check"
  | "directory status"
  | "directory reload"
  | "directory relocate"
  | "directory allow"
  | "directory disallow"
  | "directory layer"
  | "network plan"
  | "storage init"
  | "storage move";

/** A command, with its options. */
export interface Command {
  /** what the command does, in a sentence, for `--help` */
  readonly purpose: string;
  /** the options that must be given, in the order of `--help` */
  readonly required: readonly OptionName[];
  /** the options that may be given, in the order of `--help` */
  readonly optional: readonly OptionName[];
  /** defaults of options, in words, where they differ from the option's own */
  readonly defaults?: Readonly<Partial<Record<OptionName, string>>>;
  /** options that mean something else than elsewhere */
  readonly own?: Readonly<Partial<Record<OptionName, Option>>>;
  /** the option whose value is given as the first argument, without the option's name */
  readonly argument?: OptionName;
  /** whether its output may be for programs, so that no banner comes before it */
  readonly isPlain?: boolean;
}

/** The name of the folder that holds the homes of gateways. */
export const GATEWAY_HOMES = "gateways";

/** The roles, each with a sentence for `--help`, and the name of the folder that holds its homes; "" if it has none. */
export const ROLES: Readonly<Record<RoleName, { readonly purpose: string; readonly homes: string }>> = {
  mixnode: {
    purpose: "Commands of a mixnode, which holds packets for a moment and sends them on.",
    homes: "mixnodes",
  },
  directory: {
    purpose: "Commands of a directory, which lists the nodes of a mixnet for one another and for clients.",
    homes: "directories",
  },
  network: {
    purpose: "Plans a mixnet of your own: a directory, mixnodes and a gateway.",
    homes: "",
  },
  storage: {
    purpose: "Commands for a gateway's mail in a PostgreSQL database.",
    homes: GATEWAY_HOMES,
  },
};

const ROOT = `~/.nym/${GATEWAY_HOMES}`;
const { gateway, mixnetEndpoint, clientsEndpoint } = defaultConfig("<id>", ROOT);
const MIXNODES_ROOT = `~/.nym/${ROLES.mixnode.homes}`;
const { mixnode } = defaultsOf(MIXNODE, "<id>", MIXNODES_ROOT);

/** Every option. */
export const OPTIONS: Readonly<Record<OptionName, Option>> = {
  "id": { value: "word", meaning: "name on this machine", default: "the only one there is" },
  "config": {
    value: "file",
    meaning: "configuration file to read",
    default: configPath("<id>", ROOT),
  },
  "location": {
    value: "text",
    meaning: "where it is, shown to others",
    default: gateway.location,
  },
  "mix-host": { value: "ip[:port]", meaning: "IPv4 or IPv6 address to listen on for sphinx packets" },
  "mix-port": {
    value: "port",
    meaning: "port to listen on for sphinx packets",
    default: `${portOf(mixnetEndpoint.listeningAddress)}`,
  },
  "mix-announce-host": {
    value: "host[:port]",
    meaning: "address that the directory tells others to send sphinx packets to",
    default: "that of --mix-host",
  },
  "mix-announce-port": {
    value: "port",
    meaning: "port that the directory tells others to send sphinx packets to",
    default: "the listening port",
  },
  "clients-host": { value: "ip[:port]", meaning: "IPv4 or IPv6 address to listen on for clients" },
  "clients-port": {
    value: "port",
    meaning: "port to listen on for clients",
    default: `${portOf(clientsEndpoint.listeningAddress)}`,
  },
  "clients-announce-host": {
    value: "host[:port]",
    meaning: "address that the directory tells clients to connect to; may begin with ws:// or wss://",
    default: "that of --clients-host",
  },
  "clients-announce-port": {
    value: "port",
    meaning: "port that the directory tells clients to connect to",
    default: "the listening port, or with ws:// and wss:// the scheme's own",
  },
  "host": { value: "ip[:port]", meaning: "IPv4 or IPv6 address to listen on" },
  "port": { value: "port", meaning: "port to listen on", default: `${portOf(mixnode.listeningAddress)}` },
  "announce-host": {
    value: "host[:port]",
    meaning: "address that the directory tells others to connect to",
    default: "that of --host",
  },
  "announce-port": {
    value: "port",
    meaning: "port that the directory tells others to connect to",
    default: "the listening port",
  },
  "open": {
    value: "true|false",
    meaning: "whether to list nodes that do not prove their key, which anyone can announce",
    default: "false",
  },
  "key": { value: "key", meaning: "public key of a node, in base58" },
  "layer": { value: "number", meaning: "layer of the mixnet, counted from 1" },
  "inboxes": {
    value: "folder",
    meaning: "where messages wait for their clients",
    default: clientsEndpoint.inboxesDirectory,
  },
  "clients-ledger": {
    value: "file",
    meaning: "file with the list of registered clients",
    default: clientsEndpoint.ledgerPath,
  },
  "directory": {
    value: "url",
    meaning: "directory server to announce it to",
    default: gateway.presenceDirectoryServer,
  },
  "output": {
    value: "format",
    meaning: "text for people, or json for programs",
    default: "text",
    choices: ["text", "json"],
  },
  "watch": { value: "seconds", meaning: "show it again at this interval, in seconds", default: "once" },
  "file": {
    value: "file",
    meaning: "sealed file with a whole gateway, in age's format: export writes it, import reads it",
  },
  "passphrase-file": {
    value: "file",
    meaning: "file with the passphrase, on one line; - for standard input",
    default: "asked for on the terminal",
  },
  "shell": { value: "shell", meaning: "bash, zsh or fish", choices: ["bash", "zsh", "fish"] },
  "keep-outside-paths": {
    meaning:
      "keep the log file, certificate and directory server as configured, though they lie outside the gateway; " +
      "only for an export of your own",
    default: "they are reset, and listed",
  },
  "mixnodes": { value: "host,host,...", meaning: "hosts of the mixnodes: of layer 1, 2, 3, then 1 again" },
  "gateway": { value: "host", meaning: "host of the gateway" },
  "tls": {
    value: "folder",
    meaning: "where the hosts of directory and gateway have fullchain.pem and privkey.pem, to serve TLS",
    default: "no TLS",
  },
  "services": {
    meaning: "commands for root, which start the services that install.sh has installed",
    default: "commands for the user that will run the programs",
  },
  "url": {
    value: "url",
    meaning: "the database and the role, without a password, as in postgres://gateway@db.example.org/mail",
    default: "url in [storage]",
  },
  "admin-url": {
    value: "url",
    meaning: "how an administrator logs in to the server",
    default: "as postgres on this machine, if postgres runs it",
  },
  "admin-password-file": {
    value: "file",
    meaning: "file with the administrator's password in its first line",
    default: "no password",
  },
  "password-file": {
    value: "file",
    meaning: "file with the role's password in its first line, to go with --url",
    default: "the role's password stays as it is",
  },
  "certificate-authority": {
    value: "file",
    meaning: "PEM file with the authorities that vouch for the server, to go with --url",
    default: "the well-known ones",
  },
  "to": {
    value: "store",
    meaning: "where the mail goes, as in kind in [storage]: postgresql or embedded",
    choices: ["postgresql", "embedded"],
  },
  "merge": {
    meaning: "add it to the mail and the clients in a store that is not empty",
    default: "only into an empty store",
  },
};

const ENDPOINT_OPTIONS: readonly OptionName[] = [
  "mix-port",
  "mix-announce-host",
  "mix-announce-port",
  "clients-port",
  "clients-announce-host",
  "clients-announce-port",
  "inboxes",
  "clients-ledger",
  "directory",
  "location",
];

const MIXNODE_OPTIONS: readonly OptionName[] = ["port", "announce-host", "announce-port", "directory", "location"];
const OF_MIXNODE = { config: configPath("<id>", MIXNODES_ROOT) };

const DIRECTORY_OPTIONS: readonly OptionName[] = ["port", "open"];
const OF_DIRECTORY = {
  config: configPath("<id>", `~/.nym/${ROLES.directory.homes}`),
  port: `${portOf(defaultsOf(DIRECTORY, "<id>", "").directory.listeningAddress)}`,
};

/** Every command, in the order of `--help`. */
export const COMMANDS: Readonly<Record<CommandName, Command>> = {
  init: {
    purpose: "Creates the keys and the configuration file of a new gateway.",
    required: ["id", "mix-host", "clients-host"],
    optional: ENDPOINT_OPTIONS,
  },
  run: {
    purpose: "Runs a gateway that init created. Options override its configuration file, for this run only.",
    required: [],
    optional: ["id", "config", "mix-host", "clients-host", ...ENDPOINT_OPTIONS],
  },
  check: {
    purpose: "Checks everything that a gateway needs, and says how to fix each problem.",
    required: [],
    optional: ["id", "config", "output"],
    isPlain: true,
  },
  status: {
    purpose: "Shows a running gateway's health, rates, inboxes and memory.",
    required: [],
    optional: ["id", "config", "output", "watch"],
    isPlain: true,
  },
  reload: {
    purpose: "Makes a running gateway read its configuration file again, and prints the outcome.",
    required: [],
    optional: ["id", "config"],
    isPlain: true,
  },
  inboxes: {
    purpose: "Shows how much mail is waiting in each inbox, under pseudonyms.",
    required: [],
    optional: ["id", "config", "output"],
    isPlain: true,
  },
  export: {
    purpose: "Writes a stopped gateway, with its keys, clients and mail, into one file, sealed with a passphrase.",
    required: ["file"],
    optional: ["id", "config", "passphrase-file", "output"],
    isPlain: true,
  },
  import: {
    purpose: "Creates a gateway from a file that export wrote, on the same machine or another one.",
    required: ["file"],
    optional: ["id", "passphrase-file", "keep-outside-paths", "output"],
    defaults: { id: "the name that it was exported under" },
    isPlain: true,
  },
  relocate: {
    purpose: "Corrects the paths in the configuration of a gateway whose folder was copied, moved or renamed.",
    required: [],
    optional: ["id"],
    isPlain: true,
  },
  "node-details": {
    purpose: "Prints what others know of a gateway: its public key, addresses and version.",
    required: [],
    optional: ["id", "config", "output"],
    isPlain: true,
  },
  completions: {
    purpose: "Prints a script that lets a shell complete commands and options.",
    required: ["shell"],
    optional: [],
    argument: "shell",
    isPlain: true,
  },
  man: {
    purpose: "Prints the manual page, as in: nym-gateway man | man -l -",
    required: [],
    optional: [],
    isPlain: true,
  },
  "build-info": {
    purpose: "Prints this program's version, commit and platform.",
    required: [],
    optional: ["output"],
    isPlain: true,
  },
  "mixnode init": {
    purpose: "Creates the keys and the configuration file of a new mixnode.",
    required: ["id", "host", "layer"],
    optional: MIXNODE_OPTIONS,
  },
  "mixnode run": {
    purpose: "Runs a mixnode that init created. Options override its configuration file, for this run only.",
    required: [],
    optional: ["id", "config", "host", "layer", ...MIXNODE_OPTIONS],
    defaults: OF_MIXNODE,
  },
  "mixnode check": {
    purpose: "Checks everything that a mixnode needs, and says how to fix each problem.",
    required: [],
    optional: ["id", "config", "output"],
    defaults: OF_MIXNODE,
    isPlain: true,
  },
  "mixnode status": {
    purpose: "Shows a running mixnode's health, rates and memory.",
    required: [],
    optional: ["id", "config", "output", "watch"],
    defaults: OF_MIXNODE,
    isPlain: true,
  },
  "mixnode reload": {
    purpose: "Makes a running mixnode read its configuration file again, and prints the outcome.",
    required: [],
    optional: ["id", "config"],
    defaults: OF_MIXNODE,
    isPlain: true,
  },
  "mixnode relocate": {
    purpose: "Corrects the paths in the configuration of a mixnode whose folder was copied, moved or renamed.",
    required: [],
    optional: ["id"],
    isPlain: true,
  },
  "mixnode node-details": {
    purpose: "Prints what others know of a mixnode: its public key, address, layer and version.",
    required: [],
    optional: ["id", "config", "output"],
    defaults: OF_MIXNODE,
    isPlain: true,
  },
  "directory init": {
    purpose: "Creates the key and the configuration file of a new directory, and prints its public key.",
    required: ["id", "host"],
    optional: DIRECTORY_OPTIONS,
    defaults: OF_DIRECTORY,
  },
  "directory run": {
    purpose: "Runs a directory that init created. Options override its configuration file, for this run only.",
    required: [],
    optional: ["id", "config", "host", ...DIRECTORY_OPTIONS],
    defaults: OF_DIRECTORY,
  },
  "directory check": {
    purpose: "Checks everything that a directory needs, and says how to fix each problem.",
    required: [],
    optional: ["id", "config", "output"],
    defaults: OF_DIRECTORY,
    isPlain: true,
  },
  "directory status": {
    purpose: "Shows a running directory's health, rates, nodes and memory.",
    required: [],
    optional: ["id", "config", "output", "watch"],
    defaults: OF_DIRECTORY,
    isPlain: true,
  },
  "directory reload": {
    purpose: "Makes a running directory read its configuration file again, and prints the outcome.",
    required: [],
    optional: ["id", "config"],
    defaults: OF_DIRECTORY,
    isPlain: true,
  },
  "directory relocate": {
    purpose: "Corrects the paths in the configuration of a directory whose folder was copied, moved or renamed.",
    required: [],
    optional: ["id"],
    isPlain: true,
  },
  "directory allow": {
    purpose: "Lists the node with this public key even if it cannot prove it, and prefers it if it can.",
    required: ["key"],
    optional: ["id", "config"],
    defaults: OF_DIRECTORY,
    argument: "key",
    isPlain: true,
  },
  "directory disallow": {
    purpose: "No longer lists the node with this public key, whatever it proves.",
    required: ["key"],
    optional: ["id", "config"],
    defaults: OF_DIRECTORY,
    argument: "key",
    isPlain: true,
  },
  "directory layer": {
    purpose: "Puts the mixnode with this public key in a layer, whatever it says itself; 0 takes that back.",
    required: ["key", "layer"],
    optional: ["id", "config"],
    defaults: OF_DIRECTORY,
    argument: "key",
    isPlain: true,
  },
  "network plan": {
    purpose: "Prints the commands that create a mixnet, for each of its hosts, and the ports to open.",
    required: ["directory", "mixnodes", "gateway"],
    optional: ["tls", "services"],
    own: { directory: { value: "host", meaning: "host of the directory: an IP address or a DNS name" } },
    isPlain: true,
  },
  "storage init": {
    purpose: "Creates the role, database and schema that a gateway needs in PostgreSQL, or brings them up to date.",
    required: [],
    optional: [
      ...["id", "config", "url", "password-file", "certificate-authority"] as const,
      ...["admin-url", "admin-password-file"] as const,
    ],
    isPlain: true,
  },
  "storage move": {
    purpose: "Moves a stopped gateway's clients and mail from its files into the database, or back.",
    required: ["to"],
    optional: ["id", "config", "merge", "output"],
    isPlain: true,
  },
};

/** What an option is, to a command that has it, or to most of them. */
export function optionOf(option: OptionName, command?: CommandName): Option {
  return (command && COMMANDS[command].own?.[option]) ?? OPTIONS[option];
}

/** As in `--id <word>`, for a command or for most of them. */
export function usageOf(option: OptionName, command?: CommandName): string {
  const { value } = optionOf(option, command);
  return value === undefined ? `--${option}` : `--${option} <${value}>`;
}

/** Whether `word` is the name of a command. */
export function isCommand(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}

/** Whether `word` is the first of the two words that a role's commands have. */
export function isRole(word: string): word is RoleName {
  return Object.hasOwn(ROLES, word);
}

/** The role that a command belongs to; undefined for a gateway's. */
export function roleOf(command: CommandName): RoleName | undefined {
  const [first] = command.split(" ");
  return isRole(first!) ? first : undefined;
}

/** The last word of a command, as in `run` of `mixnode run`. */
export function verbOf(command: CommandName): string {
  return command.split(" ").at(-1)!;
}

/** The commands of a role, or the gateway's, which come without one. */
export function commandsOf(role: RoleName | undefined): CommandName[] {
  return (Object.keys(COMMANDS) as CommandName[]).filter((command) => roleOf(command) === role);
}
