import { dirname } from "node:path";
import { makePrivateFolder, openPrivateFile, replaceContents, syncFolder, writeAll } from "../files/private.ts";
import { readRegularFile } from "../files/regular.ts";
import { logger } from "../logging/log.ts";
import { ExitCode, fileError, OperatorError } from "../errors/operator_error.ts";
import { type AnyConfig, type Config, GATEWAY, type Table } from "./config.ts";
import { parseTable } from "./parse.ts";
import { renderTable } from "./render.ts";

/** Access for the gateway's user alone. */
const PRIVATE_FILE = 0o600;

const log = logger("pemstore::pemstore");

/** Reads a config.toml. Throws an OperatorError that names the file and, if one is at fault, the key. */
export function readConfig(path: string): Config {
  return readTable(GATEWAY, path);
}

/** Reads the config.toml of any table, as {@linkcode readConfig} does. */
export function readTable<C extends AnyConfig>(table: Table<C>, path: string): C {
  return parseTable(table, readEditedText(path, path), path);
}

/** Writes a new config.toml and creates the folders above it. Throws an OperatorError, also if the file exists. */
export function writeConfig(path: string, config: Config): void {
  writeTable(GATEWAY, path, config);
}

/** Writes the config.toml of any table, as {@linkcode writeConfig} does. */
export function writeTable<C extends AnyConfig>(table: Table<C>, path: string, config: C): void {
  writePrivate(path, renderTable(table, config));
}

/** Reads a text file. Throws an OperatorError that refers to it as `name`. */
export function readText(path: string, name: string): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(readBytes(path, name));
}

/**
 * Reads a text file that somebody may have edited, with its byte order mark if it has one. Throws an OperatorError that
 * refers to it as `name`, also if it is not UTF-8: a path in it would be another one, without a word.
 */
export function readEditedText(path: string, name: string): string {
  const bytes = readBytes(path, name);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const [before] = new TextDecoder().decode(bytes).split("\uFFFD");
    const line = before!.split("\n").length;
    throw new OperatorError(
      `Cannot read ${name}: line ${line} is not UTF-8; save the file as UTF-8`,
      ExitCode.CONFIGURATION,
    );
  }
}

function readBytes(path: string, name: string): Uint8Array {
  try {
    return readRegularFile(path);
  } catch (cause) {
    throw fileError(`Cannot read ${name}`, cause, ExitCode.INPUT_OUTPUT);
  }
}

/**
 * Writes a new file for this user alone (0600) and creates missing folders above it (0700). Throws an OperatorError if
 * the file exists or anything else fails; never overwrites a file and never leaves a partial one behind.
 */
export function writePrivate(path: string, text: string): void {
  try {
    makePrivateFolder(dirname(path));
    using file = openPrivateFile(path, { write: true, createNew: true });
    try {
      writeAll(file, new TextEncoder().encode(text));
      file.syncSync();
      syncFolder(dirname(path)); // a storage key must not be forgotten while what it seals is kept
    } catch (cause) {
      Deno.removeSync(path);
      throw cause;
    }
  } catch (cause) {
    throw fileError(`Cannot write ${path}`, cause, ExitCode.CANNOT_CREATE);
  }
}

/**
 * Replaces the contents of a file, keeping its owner and mode. The file has either its old or its new contents at any
 * time. A link is replaced by a file. Throws an OperatorError.
 */
export function replaceText(path: string, text: string): void {
  try {
    const old = Deno.lstatSync(path);
    replaceContents(path, text, old.isFile ? old : undefined);
  } catch (cause) {
    throw fileError(`Cannot write ${path}`, cause, ExitCode.CANNOT_CREATE);
  }
}

/**
 * Restricts a file to its owner (0600). Returns whether others had access; always false on Windows, which has no modes.
 */
function tighten(path: string): boolean {
  if (Deno.build.os === "windows") return false;
  try {
    const open = ((Deno.statSync(path).mode ?? 0) & 0o077) !== 0;
    if (open) Deno.chmodSync(path, PRIVATE_FILE);
    return open;
  } catch (cause) {
    throw fileError(`Cannot restrict access to ${path}`, cause, ExitCode.INPUT_OUTPUT);
  }
}

/**
 * Restricts a key file to its owner. Warns if others had access or if that fails; neither keeps the gateway from
 * starting.
 */
export function tightenKey(path: string): void {
  try {
    if (tighten(path)) log.warn(`Other users had access to the key file ${path}: its mode is now 0600`);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    log.warn(`${error.message}: set its mode to 0600`);
  }
}

/** Whether a file, folder or link exists at `path`. Throws an OperatorError if that is unknown. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw fileError(`Cannot access ${path}`, cause, ExitCode.INPUT_OUTPUT);
  }
}
