import { portOf } from "../config/addresses.ts";
import { configPath, defaultConfig, type OverridingOption } from "../config/config.ts";

/** An option of a command. */
export interface Option {
  /** the kind of value; a flag has none */
  readonly value?: string;
  readonly meaning: string;
  /** what a new gateway gets without it; an option that has none must be given */
  readonly default?: string;
  /** all values that there are, where they can be listed */
  readonly choices?: readonly string[];
}

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
  | "output"
  | "watch"
  | "file"
  | "passphrase-file"
  | "shell"
  | "keep-outside-paths";

/** The values that were given, by option; a flag has {@linkcode GIVEN}. */
export type Options = Readonly<Partial<Record<OptionName, string>>>;

/** In place of the value of a flag. */
export const GIVEN = "given";

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
  | "man";

export interface Command {
  readonly purpose: string;
  /** the options that must be given, first of all */
  readonly required: readonly OptionName[];
  readonly optional: readonly OptionName[];
  /** what it does without an option, where that differs from the option's usual default */
  readonly defaults?: Readonly<Partial<Record<OptionName, string>>>;
  /** the option whose value is given without its name, first of all */
  readonly argument?: OptionName;
  /** What it prints may be for programs: no banner before it. */
  readonly isPlain?: boolean;
}

const ROOT = "~/.nym/gateways";
const { gateway, mixnetEndpoint, clientsEndpoint } = defaultConfig("<id>", ROOT);

export const OPTIONS: Readonly<Record<OptionName, Option>> = {
  "id": { value: "word", meaning: "name of the gateway on this machine", default: "the only one that there is" },
  "config": {
    value: "file",
    meaning: "configuration file to read",
    default: configPath("<id>", ROOT),
  },
  "location": {
    value: "text",
    meaning: "where on earth the gateway is, for others to read",
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
    default: "the one listened on",
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
    default: "the one listened on, or with ws:// and wss:// the scheme's own",
  },
  "inboxes": {
    value: "folder",
    meaning: "where messages wait for their clients",
    default: clientsEndpoint.inboxesDirectory,
  },
  "clients-ledger": {
    value: "file",
    meaning: "where it is kept which clients have registered",
    default: clientsEndpoint.ledgerPath,
  },
  "directory": {
    value: "url",
    meaning: "directory server to announce the gateway at",
    default: gateway.presenceDirectoryServer,
  },
  "output": {
    value: "form",
    meaning: "text for people, or json for programs",
    default: "text",
    choices: ["text", "json"],
  },
  "watch": { value: "seconds", meaning: "show it again every so many seconds", default: "once" },
  "file": {
    value: "file",
    meaning: "sealed file with a whole gateway, in the format of age: an export makes it, an import reads it",
  },
  "passphrase-file": {
    value: "file",
    meaning: "file that holds the passphrase of a sealed file, on a line; - for standard input",
    default: "it is asked for on the terminal",
  },
  "shell": { value: "shell", meaning: "bash, zsh or fish", choices: ["bash", "zsh", "fish"] },
  "keep-outside-paths": {
    meaning:
      "keep the log file, certificate and directory server that the configuration names outside of its gateway; " +
      "for a file of your own",
    default: "they are reset, and listed",
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

export const COMMANDS: Readonly<Record<CommandName, Command>> = {
  init: {
    purpose: "Makes the keys and the configuration file of a new gateway.",
    required: ["id", "mix-host", "clients-host"],
    optional: ENDPOINT_OPTIONS,
  },
  run: {
    purpose: "Runs a gateway that init has made. Options overrule its configuration file, for this run only.",
    required: [],
    optional: ["id", "config", "mix-host", "clients-host", ...ENDPOINT_OPTIONS],
  },
  check: {
    purpose: "Looks at all that a gateway needs before it goes live, and says what to do about the rest.",
    required: [],
    optional: ["id", "config", "output"],
    isPlain: true,
  },
  status: {
    purpose: "Shows how a running gateway is: its health, rates, inboxes and memory.",
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
    purpose: "Shows how much mail waits, for each inbox, under pseudonyms.",
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
    purpose: "Makes a gateway of a file that export has written, on the same machine or another one.",
    required: ["file"],
    optional: ["id", "passphrase-file", "keep-outside-paths", "output"],
    defaults: { id: "the name that it was exported by" },
    isPlain: true,
  },
  relocate: {
    purpose: "Has the configuration of a gateway whose folder was copied or renamed mean the folder that it is in now.",
    required: [],
    optional: ["id"],
    isPlain: true,
  },
  "node-details": {
    purpose: "Prints what others know a gateway by: public key, addresses, version.",
    required: [],
    optional: ["id", "config", "output"],
    isPlain: true,
  },
  completions: {
    purpose: "Prints the script with which a shell completes commands and options.",
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
    purpose: "Prints which version, commit and platform this program is.",
    required: [],
    optional: ["output"],
    isPlain: true,
  },
};

/** As in `--id <word>`. */
export function usageOf(option: OptionName): string {
  const { value } = OPTIONS[option];
  return value === undefined ? `--${option}` : `--${option} <${value}>`;
}

export function isCommand(word: string): word is CommandName {
  return Object.hasOwn(COMMANDS, word);
}
