import { MAX_HOPS, POINT_SIZE } from "../sphinx/constants.ts";
import type { Builder } from "../sphinx/build.ts";
import { decode32 } from "../encoding/base58.ts";
import type { AbortSignalLike } from "./abort.ts";
import {
  check,
  type Checks,
  hasMethods,
  HOUR,
  isBoolean,
  isFunction,
  isObject,
  isSignal,
  isStore,
  numberFrom,
  that,
} from "./option_checks.ts";
import { type Credentials, isCredentials } from "./credentials.ts";
import type { Identity } from "./identity.ts";
import type { Store } from "./store.ts";
import { realSurroundings, type Surroundings } from "./surroundings.ts";
import type { Trace } from "./trace.ts";

/**
 * What an observer of the client's link sees:
 * - `full`: packets at random times, whether or not there is something to send, and loop cover: as 0.7.0 clients do.
 *   It does not show when or whether the client sends. A message leaves at two packets a second.
 * - `loop`: loop cover, which hides when the client receives; messages leave at once
 * - `none`: no cover; messages leave at once
 */
export type Traffic = "full" | "loop" | "none";

/** How to connect, and which traffic to send. */
export interface PeapOptions {
  /** URL of the directory server, without `/api` */
  directory: string;
  /**
   * The directory's public key, base58, or a list of them: only topologies that it has signed are accepted. Directories of
   * 0.7.0 sign nothing. Default: none.
   */
  directoryKey?: string | readonly string[] | undefined;
  /** From `credentials` of an earlier client: the same address again. Default: a new address. */
  credentials?: Credentials | undefined;
  /** Where the credentials are kept: read before connecting, unless `credentials` are given, and saved after it. */
  store?: Store | undefined;
  /** The key pair of a new address. Default: a random one. */
  identity?: Identity | undefined;
  /** Public key of the gateway for a new address, base58. Default: a random one of the directory's. */
  gateway?: string | undefined;
  /** Whether to refuse gateways that cannot prove that they hold their key, as those of 0.7.0. Default: false. */
  requireProof?: boolean | undefined;
  /** The layers of mixnodes that packets pass through, 1 to 4. Nodes beyond are ignored. Default: 3. */
  layers?: number | undefined;
  /** Which traffic an observer sees. Default: `full`. */
  traffic?: Traffic | undefined;
  /** Mean delay of each packet at each mixnode, in ms, 0 to an hour. Default: 200. */
  meanHopDelay?: number | undefined;
  /** Mean time between two packets of the stream that carries messages, with `full` traffic: 10 ms to an hour. Default: 500. */
  meanSendGap?: number | undefined;
  /** Mean time between two loop-cover packets, with `full` and `loop` traffic: 10 ms to an hour. Default: 1000. */
  meanCoverGap?: number | undefined;
  /** From `loadKernel` of `@nym-gateway/peap/kernel`: builds packets in WebAssembly. Default: in JavaScript. */
  kernel?: Builder | undefined;
  /** Whether to reconnect when the connection breaks. Default: true. */
  reconnect?: boolean | undefined;
  /** Ends the attempt to connect; `connect` rejects with its reason. */
  signal?: AbortSignalLike | undefined;
  /** Reports what the client does, for teaching and debugging. */
  trace?: Trace | undefined;
  /** Replaces what the client takes from where it runs, such as its clock. For tests. */
  surroundings?: Partial<Surroundings> | undefined;
}

/** Options that may be left undefined. */
export type WithoutDefault = "credentials" | "store" | "identity" | "gateway" | "kernel" | "signal";
/** Options that have a default, or must be given. */
export type Defaulted = Exclude<keyof PeapOptions, WithoutDefault | "surroundings">;

/** Validated options, with defaults. The directory's URL has no trailing slash. */
export type Settings =
  & Readonly<Pick<PeapOptions, WithoutDefault>>
  & { readonly [Name in Defaulted]-?: NonNullable<PeapOptions[Name]> }
  & { readonly surroundings: Surroundings };

/** A packet takes milliseconds to build: with shorter gaps there would be time for nothing else. */
const SHORTEST_GAP = 10;

const DEFAULTS: Omit<Settings, "directory" | "surroundings"> = {
  directoryKey: [],
  requireProof: false,
  layers: 3,
  traffic: "full",
  meanHopDelay: 200, // this and the next two: spec §7
  meanSendGap: 500,
  meanCoverGap: 1000,
  reconnect: true,
  trace: () => {},
};

const CHECKS: Checks<PeapOptions> = {
  directory: that((value) => isHttpUrl(value), "must be an http or https URL"),
  directoryKey: that(
    (value) => [value].flat().every(isPublicKey),
    `must be public keys, base58 of ${POINT_SIZE} bytes`,
  ),
  credentials: that(isCredentials, "must be the credentials of an earlier client"),
  store: isStore,
  identity: that(isIdentity, "must be from generateIdentity or identityOf"),
  gateway: that(isPublicKey, `must be a gateway's public key, base58 of ${POINT_SIZE} bytes`),
  requireProof: isBoolean,
  layers: numberFrom(1, MAX_HOPS - 1, { whole: true }),
  traffic: that(
    (value) => ["full", "loop", "none"].includes(value as string),
    'must be "full", "loop" or "none"',
  ),
  meanHopDelay: numberFrom(0, HOUR),
  meanSendGap: numberFrom(SHORTEST_GAP, HOUR),
  meanCoverGap: numberFrom(SHORTEST_GAP, HOUR),
  kernel: that((value) => hasMethods(value, "build"), "must be from loadKernel"),
  reconnect: isBoolean,
  signal: isSignal,
  trace: isFunction,
  surroundings: isObject,
};

/**
 * Validates options and adds the defaults.
 *
 * @throws TypeError for unknown options, those of a wrong type, and combinations that contradict each other; RangeError
 *   for numbers out of bounds. The message names the option.
 */
export function readOptions(options: PeapOptions): Settings {
  check(options, CHECKS);
  const { directory, credentials, identity, gateway } = options;
  if (directory === undefined) throw new TypeError("The option directory is missing");
  if (credentials && (identity || gateway)) {
    throw new TypeError("The option credentials contains identity and gateway; leave these out");
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return {
    ...DEFAULTS,
    ...Object.fromEntries(given),
    directory: directory.replace(/\/+$/, ""),
    surroundings: { ...realSurroundings(), ...options.surroundings },
  };
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

function isPublicKey(value: unknown): boolean {
  return decode32(value) !== undefined;
}

function isIdentity(value: unknown): boolean {
  const { privateKey, publicKey } = Object(value) as Partial<Identity>;
  return privateKey instanceof Uint8Array && publicKey instanceof Uint8Array;
}
