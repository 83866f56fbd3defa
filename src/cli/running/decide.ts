import type { DirectoryConfig } from "../../config/config.ts";
import { readTable } from "../../config/files.ts";
import { decode32 } from "../../encoding/base58.ts";
import { ExitCode, OperatorError } from "../../errors/operator_error.ts";
import { ask } from "./control.ts";
import { findHome } from "../homes/home.ts";
import type { Options } from "../options/options.ts";
import { print } from "../output/output.ts";
import { DIRECTORY_ROLE } from "../role.ts";
import { MAX_LAYER } from "../../protocol/layers.ts";
import { readRunning } from "./running.ts";

/** The operator's word on a node of a directory; what is left out stays as it was. */
export interface Decision {
  /** whether it is listed although it proves nothing, or not even if it does */
  readonly standing?: "allowed" | "disallowed";
  /** a mixnode's layer; 0 takes back an earlier one */
  readonly layer?: number;
}

/** Takes the operator's word while the directory is not running. Throws an OperatorError if that fails. */
export type DecideOffline = (config: DirectoryConfig, key: string, decision: Decision | undefined) => Promise<void>;

/**
 * Tells a directory what its operator has decided about a node, whether or not it is running; undefined takes back all
 * earlier decisions. Only a user with write access to its home can do that.
 * @throws {OperatorError} if it is not valid, or there is no such directory
 */
export async function decide(
  options: Options,
  decision: Decision | undefined,
  decideOffline: DecideOffline,
): Promise<void> {
  const key = options.key ?? "";
  if (decode32(key) === undefined) {
    throw new OperatorError(`<key> is "${key}", which is not a public key: 32 bytes in base58`, ExitCode.USAGE);
  }
  const { configPath } = findHome(DIRECTORY_ROLE, options);
  const control = readRunning(configPath)?.control ?? "";
  if (!await isTaken(control, requestOf(key, decision))) {
    await decideOffline(readTable(DIRECTORY_ROLE.table, configPath), key, decision);
  }
  print(` ${summary(key, decision)}.`);
}

/** The layer that --layer gives. Throws an OperatorError if it is not one. */
export function layerIn({ layer = "" }: Options): number {
  const number = /^\d{1,3}$/.test(layer) ? Number(layer) : NaN;
  if (number <= MAX_LAYER) return number;
  throw new OperatorError(`--layer: "${layer}" is not a number from 0 to ${MAX_LAYER}`, ExitCode.USAGE);
}

/** Whether a running directory has taken the decision; false if none is running. */
async function isTaken(control: string, request: string): Promise<boolean> {
  if (control === "") return false;
  let answer: unknown;
  try {
    answer = await ask(control, "directory", request);
  } catch (error) {
    if (error instanceof OperatorError && error.exitCode === ExitCode.UNAVAILABLE) return false; // it was killed
    throw error;
  }
  const { refused, exitCode } = answer as { refused?: string; exitCode?: ExitCode };
  if (refused !== undefined) throw new OperatorError(refused, exitCode ?? ExitCode.UNAVAILABLE);
  return true;
}

function summary(key: string, decision: Decision | undefined): string {
  if (decision === undefined) return `${key} is treated like any other node`;
  const { standing, layer } = decision;
  if (standing === "allowed") return `${key} is listed when it announces itself, also without a proof`;
  if (standing === "disallowed") return `${key} is not listed`;
  return layer === 0 ? `${key} is in the layer that it announces` : `${key} is in layer ${layer}`;
}

const REQUEST =
  /^decide (?<key>\w{32,44}) (?:(?<standing>allowed|disallowed)|(?<forgotten>forgotten)|layer (?<layer>\d{1,3}))$/;

function requestOf(key: string, decision: Decision | undefined): string {
  const word = decision === undefined ? "forgotten" : decision.standing ?? `layer ${decision.layer}`;
  return `decide ${key} ${word}\n`;
}

/** Parses what {@linkcode decide} sends to a running directory; undefined for anything else. */
export function parseDecision(request: string): { key: string; decision: Decision | undefined } | undefined {
  const { key, standing, forgotten, layer } = REQUEST.exec(request.trimEnd())?.groups ?? {};
  if (key === undefined) return undefined;
  if (forgotten !== undefined) return { key, decision: undefined };
  if (layer === undefined) return { key, decision: { standing: standing as "allowed" | "disallowed" } };
  return Number(layer) <= MAX_LAYER ? { key, decision: { layer: Number(layer) } } : undefined;
}
