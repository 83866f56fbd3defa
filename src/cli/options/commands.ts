import { portOf } from "../../config/addresses.ts";
import { configPath, defaultsOf, DIRECTORY } from "../../config/config.ts";
import { type GroupName, GROUPS, isGroup } from "./command_groups.ts";
import { type Option, type OptionName, OPTIONS } from "./options.ts";

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
  | "directory forget"
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
const OF_MIXNODE = { config: configPath("<id>", `~/.nym/${GROUPS.mixnode.homes}`) };

const DIRECTORY_OPTIONS: readonly OptionName[] = ["port", "open"];
const OF_DIRECTORY = {
  config: configPath("<id>", `~/.nym/${GROUPS.directory.homes}`),
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
    purpose:
      "Shows a running directory's health, rates, nodes and memory, and what its operator has decided about nodes.",
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
  "directory forget": {
    purpose: "Takes back all that was decided about the node with this public key.",
    required: ["key"],
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

/** The group that a command belongs to; undefined for a command in one word. */
export function groupOf(command: CommandName): GroupName | undefined {
  const [first] = command.split(" ");
  return isGroup(first!) ? first : undefined;
}

/** The last word of a command, as in `run` of `mixnode run`. */
export function verbOf(command: CommandName): string {
  return command.split(" ").at(-1)!;
}

/** The commands of a group, or those in one word. */
export function commandsOf(group: GroupName | undefined): CommandName[] {
  return (Object.keys(COMMANDS) as CommandName[]).filter((command) => groupOf(command) === group);
}
