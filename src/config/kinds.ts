import { parseLogFilter } from "../logging/log.ts";
import {
  announceAddress,
  clientsAnnounceAddress,
  directoryUrl,
  hostName,
  listeningAddress,
  portOf,
} from "./addresses.ts";
import { isOfShell } from "./paths.ts";

/** What the value of a key can be. */
export type Value = string | number | boolean | readonly string[];

/** Values of a section that have been read already, by the names that they have in a `Config`. */
export type Values = Readonly<Record<string, Value>>;

/** Why a value is not of its kind, as it goes on after the name of a key or an option: `must be a path`. */
export class Mistake {
  constructor(readonly reason: string) {}
}

/** What values a key may have. */
export interface Kind<T extends Value> {
  /** in words, as in `a whole number from 1 to 65535` */
  readonly description: string;
  /** Reads a value of a file, or the text of an option, into its one form. `section`: what stands before it. */
  read(value: unknown, section: Values): T | Mistake;
}

/** The longest that a timer can wait. */
const MAXIMUM_DELAY = 2 ** 31 - 1;

export const flag: Kind<boolean> = {
  description: "true or false",
  read: (value) => typeof value === "boolean" ? value : new Mistake("must be true or false, without quotes"),
};

/** A number of things. */
export const count = wholeNumber(1, 65_535);

/** A time that a timer waits. */
export const delay = wholeNumber(1, MAXIMUM_DELAY, "ms");

/** As {@linkcode delay}, or 0 for never. */
export const delayOrNever = wholeNumber(0, MAXIMUM_DELAY, "ms");

/** As many as there may be. */
export function amount(minimum: number, unit: string): Kind<number> {
  return wholeNumber(minimum, Number.MAX_SAFE_INTEGER, unit);
}

function wholeNumber(minimum: number, maximum: number, unit = ""): Kind<number> {
  const description = `a whole number from ${minimum} to ${maximum} ${unit}`.trimEnd();
  const isOne = (value: unknown): value is number =>
    typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum;
  return { description, read: (value) => isOne(value) ? value : new Mistake(`must be ${description}`) };
}

export const text = textual("text", (value) => value);

/** A path of a file or folder. */
export const path = textual("a path", (value) => {
  if (value === "" || value.includes("\0")) return new Mistake("must be a path");
  if (isOfShell(value)) return new Mistake(`is "${value}"; ~ is known to shells only: write the whole path`);
  return value;
});

/** The same, or "". */
export const pathOrNone = orNone(path);

export function choice<const Choice extends string>(...choices: Choice[]): Kind<Choice> {
  const description = choices.map((choice) => `"${choice}"`).join(" or ");
  return textual(
    description,
    (value) =>
      choices.find((choice) => choice === value) ?? new Mistake(`is "${value}", but can only be ${description}`),
  );
}

export const url = form("a plain URL, as in https://directory.example.org", directoryUrl);

export const logFilter = form(
  'a level, as in "info" or "info,nym_gateway::mailbox=debug"',
  (value) => parseLogFilter(value) && value,
);

/** Where to listen: `ip:port`, or an `ip` to which `port` is added. */
export function address(port: number): Kind<string> {
  return form(
    `ip:port, as in 0.0.0.0:${port} or [::]:${port}`,
    (value) => listeningAddress(value, port),
  );
}

/** What others are to connect to, `host:port`. Without a port, it has that of the section's `listening_address`. */
export function announced(port: number): Kind<string> {
  return form(
    `host:port, as in gateway.example.org:${port}`,
    (value, section) => announceAddress(value, listeningPort(section)),
  );
}

/** As {@linkcode announced}, or a WebSocket's URL. */
export function announcedUrl(port: number): Kind<string> {
  return form(
    `host:port, as in gateway.example.org:${port}, or a URL, as in wss://gateway.example.org`,
    (value, section) => clientsAnnounceAddress(value, listeningPort(section)),
  );
}

function listeningPort(section: Values): number {
  return portOf(String(section["listeningAddress"])) ?? 0;
}

/** Names or IP addresses of hosts. */
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

/** Of that kind, or "". */
export function orNone(kind: Kind<string>): Kind<string> {
  return {
    description: `${kind.description}, or ""`,
    read: (value, section) => value === "" ? "" : kind.read(value, section),
  };
}

/** Text that `read` brings into its one form, or finds not to be what `description` says. */
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
    read: (value, section) =>
      typeof value === "string" ? read(value, section) : new Mistake("must be a text in quotes"),
  };
}
