import { resolve } from "node:path";
import {
  announceAddress,
  clientsAnnounceAddress,
  listeningAddress,
  parsePort,
  portOf,
  withPort,
} from "../../config/addresses.ts";
import {
  type AnyConfig,
  type Config,
  type DirectoryConfig,
  type MixnodeConfig,
  type NamedKey,
  tableOf,
  tableWith,
  valueOf,
} from "../../config/config.ts";
import { Mistake, path, type Value, type Values } from "../../config/kinds.ts";
import { ExitCode, OperatorError } from "../../errors/operator_error.ts";
import type { OptionName, Options } from "./options.ts";

/**
 * `config` with the values of the options in place of its own.
 * @throws {OperatorError} naming the option whose value is not valid
 */
export function overrideConfig(config: Config, options: Options): Config {
  const overridden = overrideKeys(config, options);
  const { mixnetEndpoint: mixnet, clientsEndpoint: clients } = overridden;
  Object.assign(mixnet, overrideEndpoint(mixnet, options, MIXNET));
  Object.assign(clients, overrideEndpoint(clients, options, CLIENTS));
  if (mixnet.listeningAddress === clients.listeningAddress) {
    throw new OperatorError(
      `sphinx packets and clients can't both use ${mixnet.listeningAddress}: ` +
        "set --mix-port or --clients-port to another port",
      ExitCode.USAGE,
    );
  }
  return overridden;
}

/** The same for a mixnode. */
export function overrideMixnodeConfig(config: MixnodeConfig, options: Options): MixnodeConfig {
  const overridden = overrideKeys(config, options);
  Object.assign(overridden.mixnode, overrideEndpoint(overridden.mixnode, options, MIXNODE_ENDPOINT));
  return overridden;
}

/** The same for a directory, whose address others learn from its operator. */
export function overrideDirectoryConfig(config: DirectoryConfig, options: Options): DirectoryConfig {
  const overridden = overrideKeys(config, options);
  const { directory } = overridden;
  directory.listeningAddress = overrideListening(directory.listeningAddress, options, MIXNODE_ENDPOINT);
  return overridden;
}

function overrideKeys<C extends AnyConfig>(config: C, options: Options): C {
  return tableWith(
    tableOf(config),
    (key, section) => overrideValue(key, section, valueOf(config, key), options) ?? valueOf(config, key),
  );
}

/** A path on the command line is relative to the current folder, whereas the file may be read from anywhere. */
function overrideValue(
  { kind, option }: NamedKey,
  section: Values,
  configured: Value,
  options: Options,
): Value | undefined {
  const text = option && options[option];
  if (text === undefined) return undefined;
  const value = kind.read(literal(text, typeof configured), section);
  if (value instanceof Mistake) throw new OperatorError(`--${option} ${value.reason}`, ExitCode.USAGE);
  return kind === path ? resolve(text) : value;
}

/** The value of an option as the file would have it, if it can be one of that type; otherwise the text. */
function literal(text: string, type: string): string | number | boolean {
  if (type === "number" && /^\d+$/.test(text)) return Number(text);
  return type === "boolean" && /^(true|false)$/.test(text) ? text === "true" : text;
}

/** The two addresses of an endpoint. */
interface Endpoint {
  listeningAddress: string;
  announceAddress: string;
}

/** The options that set them, and the form of the announced address. */
interface EndpointOptions {
  host: OptionName;
  port: OptionName;
  announceHost: OptionName;
  announcePort: OptionName;
  announced: (text: string, defaultPort: number) => string | undefined;
  /** another form of the announced address, in words */
  alternative: string;
}

const MIXNET: EndpointOptions = {
  host: "mix-host",
  port: "mix-port",
  announceHost: "mix-announce-host",
  announcePort: "mix-announce-port",
  announced: announceAddress,
  alternative: "",
};

const MIXNODE_ENDPOINT: EndpointOptions = {
  host: "host",
  port: "port",
  announceHost: "announce-host",
  announcePort: "announce-port",
  announced: announceAddress,
  alternative: "",
};

const CLIENTS: EndpointOptions = {
  host: "clients-host",
  port: "clients-port",
  announceHost: "clients-announce-host",
  announcePort: "clients-announce-port",
  announced: clientsAnnounceAddress,
  alternative: ", or a URL such as wss://gateway.example.org",
};

function overrideEndpoint(configured: Endpoint, options: Options, names: EndpointOptions): Endpoint {
  const listening = overrideListening(configured.listeningAddress, options, names);
  const announced = overrideAnnounced(configured, listening, options, names);
  const port = readPort(names.announcePort, options);
  return { listeningAddress: listening, announceAddress: port === undefined ? announced : withPort(announced, port) };
}

function overrideListening(configured: string, options: Options, names: EndpointOptions): string {
  const host = options[names.host];
  const defaultPort = portOf(configured) ?? 0;
  const listening = host === undefined ? configured : listeningAddress(host, defaultPort);
  if (listening === undefined) {
    throw refuse(
      names.host,
      `"${host}" is not an IP address, as in 1.2.3.4, 1.2.3.4:${defaultPort}, ::1 or [::1]:${defaultPort}`,
    );
  }
  const port = readPort(names.port, options);
  return port === undefined ? listening : withPort(listening, port);
}

/** The announced address follows the listening address, unless an option or the file says otherwise. */
function overrideAnnounced(configured: Endpoint, listening: string, options: Options, names: EndpointOptions): string {
  const host = options[names.announceHost];
  const port = portOf(listening) ?? 0;
  if (host !== undefined) {
    const announced = names.announced(host, port);
    if (announced !== undefined) return announced;
    throw refuse(
      names.announceHost,
      `"${host}" is not a host, as in gateway.example.org, 1.2.3.4:${port} or [2001:db8::1]:${port}${names.alternative}`,
    );
  }
  if (options[names.host] !== undefined) return names.announced(listening, port) ?? listening;
  const followed = portOf(configured.announceAddress) === portOf(configured.listeningAddress);
  return followed ? withPort(configured.announceAddress, port) : configured.announceAddress;
}

function readPort(name: OptionName, options: Options): number | undefined {
  const text = options[name];
  if (text === undefined) return undefined;
  const port = parsePort(text);
  if (port === undefined) throw refuse(name, `"${text}" is not a port: give a number from 1 to 65535`);
  return port;
}

function refuse(name: OptionName, reason: string): OperatorError {
  return new OperatorError(`--${name}: ${reason}`, ExitCode.USAGE);
}
