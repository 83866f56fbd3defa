import { dirname } from "node:path";
import { makePrivateFolder, openPrivateFile } from "../files/private.ts";
import { logger } from "../logging/log.ts";
import { ExitCode, fileError, OperatorError } from "../errors/operator_error.ts";
import type { Config } from "./config.ts";
import { parseConfig } from "./parse.ts";
import { renderConfig } from "./render.ts";

/** What only the user of the gateway may read and write. */
const PRIVATE_FILE = 0o600;

const log = logger("pemstore::pemstore");

/** Reads a config.toml. Throws an OperatorError that names the file and, where there is one, the key. */
export function readConfig(path: string): Config {
  return parseConfig(readText(path, path), path);
}

/** Writes a config.toml that must not be there yet, with the folders above it. Throws an OperatorError. */
export function writeConfig(path: string, config: Config): void {
  writePrivate(path, renderConfig(config));
}

/** The text of a file; `name` is what the OperatorError that is thrown calls it. */
export function readText(path: string, name: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    throw fileError(`Cannot read ${name}`, cause, ExitCode.INPUT_OUTPUT);
  }
}

/**
 * Writes a new file for this user alone (0600) and makes the folders above it that are missing (0700). An existing file
 * is never touched: that, like any other failure, throws an OperatorError. There is no half of a file afterwards.
 */
export function writePrivate(path: string, text: string): void {
  try {
    makePrivateFolder(dirname(path));
    using file = openPrivateFile(path, { write: true, createNew: true });
    try {
      writeAll(file, new TextEncoder().encode(text));
      file.syncSync();
    } catch (cause) {
      Deno.removeSync(path);
      throw cause;
    }
  } catch (cause) {
    throw fileError(`Cannot write ${path}`, cause, ExitCode.CANNOT_CREATE);
  }
}

/**
 * Puts `text` in the place of what is in a file, which keeps its mode. There is all of the old text or all of the new one
 * at any time. Throws an OperatorError.
 */
export function replaceText(path: string, text: string): void {
  const replacement = `${path}.new`;
  try {
    const { mode } = Deno.statSync(path);
    using file = openPrivateFile(replacement, { write: true, truncate: true });
    writeAll(file, new TextEncoder().encode(text));
    file.syncSync();
    if (Deno.build.os !== "windows") Deno.chmodSync(replacement, (mode ?? PRIVATE_FILE) & 0o7777);
    Deno.renameSync(replacement, path);
  } catch (cause) {
    throw fileError(`Cannot write ${path}`, cause, ExitCode.CANNOT_CREATE);
  }
}

/**
 * Takes a file away from everyone but its owner. Returns whether anyone else had access: never on Windows, which
 * has no such modes.
 */
export function tighten(path: string): boolean {
  if (Deno.build.os === "windows") return false;
  try {
    const open = ((Deno.statSync(path).mode ?? 0) & 0o077) !== 0;
    if (open) Deno.chmodSync(path, PRIVATE_FILE);
    return open;
  } catch (cause) {
    throw fileError(`Cannot take ${path} away from other users`, cause, ExitCode.INPUT_OUTPUT);
  }
}

/** A key that others can read is worth a warning, one that can't be helped is too, but neither is a reason not to serve. */
export function tightenKey(path: string): void {
  try {
    if (tighten(path)) log.warn(`Other users had access to the key file ${path}: it is 0600 from now on`);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    log.warn(`${error.message}: make it 0600 yourself`);
  }
}

/** Whether there is anything at `path`. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw fileError(`Cannot look for ${path}`, cause, ExitCode.INPUT_OUTPUT);
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
}
