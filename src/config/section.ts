import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { directoryUrl, listeningAddress, portOf } from "./addresses.ts";
import { isOfShell } from "./paths.ts";
import { suggestion } from "./nearest.ts";
import type { TomlTable } from "smol-toml";

/** ms; the longest that a timer can wait */
const MAXIMUM_DELAY = 2 ** 31 - 1;

/**
 * One section of config.toml. Each method reads a key and checks its value: it returns the fallback when the key is not
 * there, and throws an OperatorError that names key and section when the value is not right.
 */
export class Section {
  readonly #attempt: string;
  readonly #name: string;
  readonly #table: TomlTable;

  /**
   * `attempt` opens the errors' messages, as in `Cannot read /x/config.toml`; `sections` has the keys of each section.
   * Throws at a key that is not this one's.
   */
  constructor(
    attempt: string,
    name: string,
    table: TomlTable,
    sections: Readonly<Record<string, readonly string[]>>,
  ) {
    this.#attempt = attempt;
    this.#name = name;
    this.#table = table;
    const keys = sections[name] ?? [];
    const unknown = Object.keys(table).find((key) => !keys.includes(key));
    if (unknown === undefined) return;
    const home = Object.keys(sections).find((section) => sections[section]?.includes(unknown));
    const hint = home === undefined ? suggestion(unknown, keys) : `; it belongs to [${home}]`;
    throw this.#refuse(`unknown key "${unknown}" in [${name}]${hint}`);
  }

  /** The error of a key whose value won't do; `reason` goes on after the key's name. */
  error(key: string, reason: string): OperatorError {
    return this.#refuse(`"${key}" in [${this.#name}] ${reason}`);
  }

  string(key: string, fallback?: string): string {
    const value = this.#table[key] ?? fallback;
    if (value === undefined) throw this.error(key, "is missing");
    if (typeof value !== "string") throw this.error(key, "must be a text in quotes");
    return value;
  }

  /** A path of a file or folder. */
  path(key: string, fallback: string): string {
    const value = this.string(key, fallback);
    if (value === "" || value.includes("\0")) throw this.error(key, "must be a path");
    if (isOfShell(value)) throw this.error(key, `is "${value}"; ~ is known to shells only: write the whole path`);
    return value;
  }

  /** As {@linkcode path}, or "", which stands for none. */
  pathOrNone(key: string, fallback: string): string {
    return this.string(key, fallback) === "" ? "" : this.path(key, fallback);
  }

  /** An `ip:port`, or an `ip` to which `defaultPort` is added. */
  address(key: string, fallback: string, defaultPort: number): string {
    const value = this.string(key, fallback);
    const address = listeningAddress(value, defaultPort);
    if (address !== undefined) return address;
    throw this.error(key, `is "${value}", which is not ip:port, as in 0.0.0.0:${defaultPort} or [::]:${defaultPort}`);
  }

  /** As {@linkcode address}, or "", which stands for none. */
  addressOrNone(key: string, fallback: string, defaultPort: number): string {
    return this.string(key, fallback) === "" ? "" : this.address(key, fallback, defaultPort);
  }

  /**
   * The `announce_address`, read by `read`; its port is that of `listening` unless it has one. `alternative`: what else it
   * may be, in words.
   */
  announced(
    fallback: string,
    listening: string,
    read: (text: string, defaultPort: number) => string | undefined,
    alternative = "",
  ): string {
    const value = this.string("announce_address", fallback);
    const port = portOf(listening) ?? 0;
    const address = read(value, port);
    if (address !== undefined) return address;
    throw this.error(
      "announce_address",
      `is "${value}", which is not host:port, as in gateway.example.org:${port}${alternative}`,
    );
  }

  url(key: string, fallback: string): string {
    const value = this.string(key, fallback);
    const url = directoryUrl(value);
    if (url !== undefined) return url;
    throw this.error(key, `is "${value}", which is not a plain URL, as in https://directory.example.org`);
  }

  choice<Choice extends string>(key: string, choices: readonly Choice[], fallback: Choice): Choice {
    const value = this.string(key, fallback);
    const chosen = choices.find((choice) => choice === value);
    if (chosen !== undefined) return chosen;
    throw this.error(key, `is "${value}", but can only be ${choices.map((choice) => `"${choice}"`).join(" or ")}`);
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.#table[key] ?? fallback;
    if (typeof value !== "boolean") throw this.error(key, "must be true or false, without quotes");
    return value;
  }

  /** A time in ms. */
  delay(key: string, fallback: number): number {
    return this.#integer(key, fallback, 1, MAXIMUM_DELAY, "ms");
  }

  /** A time in ms, or 0 for never. */
  delayOrNever(key: string, fallback: number): number {
    return this.#integer(key, fallback, 0, MAXIMUM_DELAY, "ms");
  }

  count(key: string, fallback: number): number {
    return this.#integer(key, fallback, 1, 65_535, "");
  }

  /** A number of bytes or messages, or a time in ms that no timer waits for. */
  amount(key: string, fallback: number, minimum: number): number {
    return this.#integer(key, fallback, minimum, Number.MAX_SAFE_INTEGER, "");
  }

  #integer(key: string, fallback: number, minimum: number, maximum: number, unit: string): number {
    const value = this.#table[key] ?? fallback;
    if (typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum) return value;
    throw this.error(key, `must be a whole number from ${minimum} to ${maximum} ${unit}`.trimEnd());
  }

  #refuse(reason: string): OperatorError {
    return new OperatorError(`${this.#attempt}: ${reason}`, ExitCode.CONFIGURATION);
  }
}
