import { ed25519 } from "@noble/curves/ed25519.js";
import { encodeBase58 } from "../encoding/base58.ts";
import { decodePem, encodePem } from "../encoding/pem.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { readText, tightenKey, writePrivate } from "./files.ts";

const TAG = "NYM DIRECTORY SIGNING KEY";
const SIZE = 32;

/** Writes a new Ed25519 private key to a new file, for this user alone. Returns its 32 bytes. Throws an OperatorError. */
export function makeSigningKey(path: string): Uint8Array {
  const key = crypto.getRandomValues(new Uint8Array(SIZE));
  writePrivate(path, encodePem(TAG, key));
  return key;
}

/** The public key of a private key, in base58. */
export function signingKeyName(privateKey: Uint8Array): string {
  return encodeBase58(ed25519.getPublicKey(privateKey));
}

/** Reads the key, and restricts its file to its owner. Throws an OperatorError that names the file. */
export function loadSigningKey(path: string): Uint8Array {
  const key = readSigningKey(path);
  tightenKey(path);
  return key;
}

/** Reads the key in a file: 32 bytes. Throws an OperatorError that names the file. */
export function readSigningKey(path: string): Uint8Array {
  const text = readText(path, `the signing key ${path} (private_signing_key_file in [directory])`);
  let key: Uint8Array;
  try {
    key = decodePem(TAG, text);
  } catch (error) {
    throw unusable(path, error instanceof Error ? error.message : String(error));
  }
  if (key.length !== SIZE) throw unusable(path, `it contains ${key.length} bytes, but a key has ${SIZE}`);
  return key;
}

function unusable(path: string, reason: string): OperatorError {
  return new OperatorError(`Cannot use the signing key ${path}: ${reason}`, ExitCode.CONFIGURATION);
}
