import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { decodePem, encodePem } from "../encoding/pem.ts";
import { logger } from "../logging/log.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { clampedEquivalent } from "../sphinx/clamping.ts";
import { isCanonicalScalar, type KeyPair, publicKeyOf } from "../sphinx/curve.ts";
import type { Config } from "./config.ts";
import { readText, tightenKey, writePrivate } from "./files.ts";

const PRIVATE_KEY_TAG = "X25519 PRIVATE KEY";
const PUBLIC_KEY_TAG = "X25519 PUBLIC KEY";

/** What precedes the 32 bytes of an X25519 private key in PKCS #8 (RFC 8410). */
const PKCS8_PREFIX = Uint8Array.fromHex("302e020100300506032b656e04220420");

const log = logger("pemstore::pemstore");

/** The paths of a key pair's files, as in the `[gateway]` section of a configuration. */
export type KeyFiles = Pick<Config["gateway"], "privateSphinxKeyFile" | "publicSphinxKeyFile">;

/**
 * Writes a new key pair for this user alone: both files or neither. Throws an OperatorError, also if one of them
 * exists.
 */
export function saveKeyPair(files: KeyFiles, keys: KeyPair): void {
  writePrivate(files.privateSphinxKeyFile, encodePem(PRIVATE_KEY_TAG, keys.privateKey));
  log.info(`Written private key to ${JSON.stringify(files.privateSphinxKeyFile)}`);
  try {
    writePrivate(files.publicSphinxKeyFile, encodePem(PUBLIC_KEY_TAG, keys.publicKey));
  } catch (error) {
    Deno.removeSync(files.privateSphinxKeyFile);
    throw error;
  }
  log.info(`Written public key to ${JSON.stringify(files.publicSphinxKeyFile)}`);
}

/**
 * Reads a key pair as {@linkcode readKeyPair} does, and restricts its files to their owner: 0.7.0 left them readable by
 * others.
 */
export function loadKeyPair(files: KeyFiles): KeyPair {
  const keys = readKeyPair(files);
  tightenKey(files.privateSphinxKeyFile);
  tightenKey(files.publicSphinxKeyFile);
  return keys;
}

/**
 * Reads a key pair written by this program or by 0.7.0 (spec §2: the private key is a canonical scalar). Throws an
 * OperatorError that names the file.
 */
export function readKeyPair(files: KeyFiles): KeyPair {
  const privateKey = loadKey(files.privateSphinxKeyFile, "private", PRIVATE_KEY_TAG);
  if (!isCanonicalScalar(privateKey)) {
    throw unusable(files.privateSphinxKeyFile, "private", "it is not a number below the order of the group");
  }
  const publicKey = loadKey(files.publicSphinxKeyFile, "public", PUBLIC_KEY_TAG);
  if (publicHalf(privateKey).some((byte, i) => byte !== publicKey[i])) {
    throw unusable(
      files.publicSphinxKeyFile,
      "public",
      `it does not belong to the private key in ${files.privateSphinxKeyFile}; restore both files as init wrote them`,
    );
  }
  return { privateKey, publicKey };
}

/**
 * The same as {@linkcode publicKeyOf}, but computed by the runtime if a clamped key has the same effect. This is
 * usually the only multiplication on the main thread, and noble's tables and their compilation would take 15 MB of
 * memory.
 */
function publicHalf(privateKey: Uint8Array): Uint8Array {
  const clamped = clampedEquivalent(privateKey);
  if (clamped === undefined) return publicKeyOf(privateKey);
  const der = Buffer.concat([PKCS8_PREFIX, clamped]);
  const { x } = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })).export({ format: "jwk" });
  return Uint8Array.fromBase64(x!, { alphabet: "base64url" });
}

function loadKey(path: string, half: string, tag: string): Uint8Array {
  const text = readText(path, `the ${half} key ${path} (${half}_sphinx_key_file)`);
  const key = decode(path, half, tag, text);
  if (key.length !== 32) throw unusable(path, half, `it contains ${key.length} bytes, but a key has 32`);
  return key;
}

function decode(path: string, half: string, tag: string, text: string): Uint8Array {
  try {
    return decodePem(tag, text);
  } catch (error) {
    throw unusable(path, half, error instanceof Error ? error.message : String(error));
  }
}

function unusable(path: string, half: string, reason: string): OperatorError {
  return new OperatorError(`Cannot use the ${half} key ${path}: ${reason}`, ExitCode.CONFIGURATION);
}
