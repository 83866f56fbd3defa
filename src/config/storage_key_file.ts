import { decodePem, encodePem } from "../encoding/pem.ts";
import { logger } from "../logging/log.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { credentialFile, type Environment } from "./credentials.ts";
import { exists, readText, tightenKey, writePrivate } from "./files.ts";

const TAG = "NYM GATEWAY STORAGE KEY";
const SIZE = 32;

/** Environment variable with the path of the file; overrides the configuration. */
const FILE_VARIABLE = "NYM_GATEWAY_STORAGE_KEY_FILE";
const CREDENTIAL = "storage_key.pem";

const log = logger("pemstore::pemstore");

/** Writes a new key to a new file, for this user alone. Returns its 32 bytes. Throws an OperatorError. */
export function makeStorageKey(path: string): Uint8Array {
  const key = crypto.getRandomValues(new Uint8Array(SIZE));
  writePrivate(path, storageKeyText(key));
  return key;
}

/** The PEM text of a file with this key. */
export function storageKeyText(key: Uint8Array): string {
  return encodePem(TAG, key);
}

/**
 * Reads the 32-byte key that seals stored data: from the file that NYM_GATEWAY_STORAGE_KEY_FILE names, otherwise from
 * the systemd credential "storage_key.pem", otherwise from the path `configured`. Creates a key there if the file does
 * not exist, as after an upgrade from 0.7.0, unless there is something that only the missing key can open: `sealedWith`
 * names it. Throws an OperatorError that names the file.
 */
export function loadStorageKey(
  configured: string,
  sealedWith: () => string | undefined = () => undefined,
  environment: Environment = Deno.env,
): Uint8Array {
  const elsewhere = storageKeyElsewhere(environment);
  const path = elsewhere ?? configured;
  if (elsewhere === undefined && !exists(path)) {
    const sealed = sealedWith();
    if (sealed !== undefined) throw missing(path, sealed);
    const key = makeStorageKey(path);
    log.info(`Written storage key to ${JSON.stringify(path)}: stored data is sealed with it`);
    return key;
  }
  const key = readStorageKey(path);
  if (elsewhere === undefined) tightenKey(path);
  return key;
}

/** Reads the same key as {@linkcode loadStorageKey}, but never creates or changes a file. Throws an OperatorError. */
export function findStorageKey(configured: string): Uint8Array {
  return readStorageKey(storageKeyElsewhere() ?? configured);
}

/** Reads the key in a file: 32 bytes. Throws an OperatorError that names the file. */
export function readStorageKey(path: string): Uint8Array {
  const key = decode(path, readText(path, `the storage key ${path}`));
  if (key.length === SIZE) return key;
  throw unusable(path, `it contains ${key.length} bytes, but a key has ${SIZE}`);
}

/** The path from the environment, if set. The operator manages that file: it is neither created nor changed here. */
export function storageKeyElsewhere(environment: Environment = Deno.env): string | undefined {
  const named = environment.get(FILE_VARIABLE);
  if (named) return named;
  return credentialFile(CREDENTIAL, environment);
}

function missing(path: string, sealed: string): OperatorError {
  return new OperatorError(
    `The storage key ${path} is missing, and ${sealed} is sealed with it: put back the storage key file, or name it in ` +
      `storage_key_file in [gateway]; a new key could not open stored data`,
    ExitCode.MISSING_INPUT,
  );
}

function decode(path: string, text: string): Uint8Array {
  try {
    return decodePem(TAG, text);
  } catch (error) {
    throw unusable(path, error instanceof Error ? error.message : String(error));
  }
}

function unusable(path: string, reason: string): OperatorError {
  return new OperatorError(`Cannot use the storage key ${path}: ${reason}`, ExitCode.CONFIGURATION);
}
