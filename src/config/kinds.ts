import { parseIpNetwork } from "../addresses/ip_network.ts";
import { decode32 } from "../encoding/base58.ts";
import { parseLogFilter } from "../logging/log.ts";
import {
  announceAddress,
  clientsAnnounceAddress,
  directoryUrl,
  hostName,
  isAmbiguous,
  listeningAddress,
  portOf,
} from "./addresses.ts";
import { databaseAddress } from "../addresses/database_address.ts";
import { isOfShell } from "./paths.ts";

/** The type of a key's value. */
export type Value = string | number | boolean | readonly string[];

/** The values of a section that have been read so far, by their names in a `Config`. */
export type Values = Readonly<Record<string, Value>>;

/** Why a value is invalid. */
export class Mistake {
  /** `reason` completes a sentence that begins with the name of a key or an option, as in `must be a path`. */
  constructor(readonly reason: string) {}
}

/** A kind of value: what is valid, and how it is read. */
export interface Kind<T extends Value> {
  /** for people, as in `a whole number from 1 to 65535` */
  readonly description: string;
  /** Normalizes a value from the file or the text of an option. `section` has the values before it in its section. */
  read(value: unknown, section: Values): T | Mistake;
}

const MAX_KEYS = 2;

/** The longest delay of a timer, in ms. */
const MAXIMUM_DELAY = 2 ** 31 - 1;

/** True or false. */
export const flag: Kind<boolean> = {
  description: "true or false",
  read: (value) => typeof value === "boolean" ? value : new Mistake("must be true or false, without quotes"),
};

/** A number from 1 to 65535. */
export const count: Kind<number> = wholeNumber(1, 65_535);

/** A number from 0 to 65535. */
export const countOrNone: Kind<number> = wholeNumber(0, 65_535);

/** A time in ms, at least 1 and short enough for a timer: about 24 days. */
export const delay: Kind<number> = wholeNumber(1, MAXIMUM_DELAY, "ms");

/** As {@linkcode delay}, or 0 for never. */
export const delayOrNever: Kind<number> = wholeNumber(0, MAXIMUM_DELAY, "ms");

/** A number of at least `minimum`, with no upper bound but that of exact integers. */
export function amount(minimum: number, unit: string): Kind<number> {
  return wholeNumber(minimum, Number.MAX_SAFE_INTEGER, unit);
}

function wholeNumber(minimum: number, maximum: number, unit = ""): Kind<number> {
  const description = `a whole number from ${minimum} to ${maximum} ${unit}`.trimEnd();
  const isInRange = (value: unknown): value is number =>
    typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum;
  return { description, read: (value) => isInRange(value) ? value : new Mistake(`must be ${description}`) };
}

/** Any text. */
export const text: Kind<string> = textual("text", (value) => value);

/** The path of a file or folder; not empty, and without `~`, which only shells expand. */
export const path: Kind<string> = textual("a path", (value) => {
  if (value === "" || value.includes("\0")) return new Mistake("must be a path");
  if (isOfShell(value)) return new Mistake(`is "${value}": only shells expand ~, so write the full path`);
  return value;
});

/** As {@linkcode path}, or "". */
export const pathOrNone: Kind<string> = orNone(path);

/** One of several texts. */
export function choice<const Choice extends string>(...choices: Choice[]): Kind<Choice> {
  const description = choices.map((choice) => `"${choice}"`).join(" or ");
  return textual(
    description,
    (value) =>
      choices.find((choice) => choice === value) ?? new Mistake(`is "${value}", but can only be ${description}`),
  );
}

/** The URL of a directory server. */
export const url: Kind<string> = form("a plain URL, as in https://directory.example.org", directoryUrl);

/** The URL of a PostgreSQL database. */
export const databaseUrl: Kind<string> = form(
  "a URL without a password, as in postgres://gateway@db1.example.org,db2.example.org/mail",
  (value) => databaseAddress(value) && value,
);

/** A log level, optionally with levels for parts of the program. */
export const logFilter: Kind<string> = form(
  'a level, as in "info" or "info,nym_gateway::mailbox=debug"',
  (value) => parseLogFilter(value) && value,
);

/** An address to listen on: `ip:port`, or an `ip`, to which `port` is added. */
export function address(port: number): Kind<string> {
  return form(
    `ip:port, as in 0.0.0.0:${port} or [::]:${port}`,
    (value) => listeningAddress(value, port),
  );
}

/**
 * An address for others to connect to, `host:port`. The port defaults to that of the section's `listening_address`. What is
 * ambiguous is refused: 0.7.0 announced it as it was, and its clients take what is behind the last colon for the port.
 */
export function announced(port: number): Kind<string> {
  return form(
    `host:port, as in gateway.example.org:${port} or [2001:db8::1]:${port}`,
    (value, section) => isAmbiguous(value) ? undefined : announceAddress(value, listeningPort(section)),
  );
}

/** As {@linkcode announced}, or a WebSocket URL. */
export function announcedUrl(port: number): Kind<string> {
  return form(
    `host:port, as in gateway.example.org:${port} or [2001:db8::1]:${port}, or a URL, as in wss://gateway.example.org`,
    (value, section) => isAmbiguous(value) ? undefined : clientsAnnounceAddress(value, listeningPort(section)),
  );
}

function listeningPort(section: Values): number {
  return portOf(String(section["listeningAddress"])) ?? 0;
}

/** A list of DNS names or IP addresses. */
export const hosts: Kind<readonly string[]> = {
  description: 'a list of hosts, as in [ "gateway.example.org", "192.168.1.2" ]',
  read(value) {
    if (!Array.isArray(value)) return new Mistake(`must be ${this.description}`);
    const names: (string | undefined)[] = value.map((host) => typeof host === "string" ? hostName(host) : undefined);
    const wrong = names.indexOf(undefined);
    if (wrong < 0) return names as string[];
    return new Mistake(`has ${JSON.stringify(value[wrong])}, which is not a host name or an IP address`);
  },
};

/** A list of IP addresses and networks. */
export const networks: Kind<readonly string[]> = {
  description: 'a list of addresses and networks, as in [ "127.0.0.1", "10.0.0.0/8", "2001:db8::/32" ]',
  read(value) {
    if (!Array.isArray(value)) return new Mistake(`must be ${this.description}`);
    const wrong = value.findIndex((text) => typeof text !== "string" || parseIpNetwork(text) === undefined);
    if (wrong < 0) return value;
    return new Mistake(`has ${JSON.stringify(value[wrong])}, which is not an IP address or a network`);
  },
};

/** A list of at most two public keys. */
export const publicKeys: Kind<readonly string[]> = {
  description: "a list of at most two public keys in base58",
  read(value) {
    if (!Array.isArray(value)) return new Mistake(`must be ${this.description}`);
    if (value.length > MAX_KEYS) return new Mistake(`has ${value.length} keys: ${MAX_KEYS} are enough to change them`);
    const wrong = value.find((key) => decode32(key) === undefined);
    return wrong === undefined ? value : new Mistake(`has ${JSON.stringify(wrong)}, which is not a public key`);
  },
};

/** The given kind, or "". */
export function orNone(kind: Kind<string>): Kind<string> {
  return {
    description: `${kind.description}, or ""`,
    read: (value, section) => value === "" ? "" : kind.read(value, section),
  };
}

/** Text that `read` normalizes; undefined if it is not what `description` says. */
function form(description: string, read: (text: string, section: Values) => string | undefined): Kind<string> {
  return textual(
    description,
    (value, section) => read(value, section) ?? new Mistake(`is "${value}", which is not ${description}`),
  );
}

function textual<T extends string>(
  description: string,
  read: (text: string, section: Values) => T | Mistake,
): Kind<T> {
  return {
    description,
    read: (value, section) => typeof value === "string" ? read(value, section) : new Mistake("must be text in quotes"),
  };
}
