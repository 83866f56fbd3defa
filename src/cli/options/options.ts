import { portOf } from "../../config/addresses.ts";
import { configPath, defaultConfig, defaultsOf, MIXNODE, type OverridingOption } from "../../config/config.ts";
import { GATEWAY_HOMES, GROUPS } from "./command_groups.ts";

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

const ROOT = `~/.nym/${GATEWAY_HOMES}`;
const { gateway, mixnetEndpoint, clientsEndpoint } = defaultConfig("<id>", ROOT);
const MIXNODES_ROOT = `~/.nym/${GROUPS.mixnode.homes}`;
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
