import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "node:path";
import { type KeyFiles, loadKeyPair, readKeyPair, saveKeyPair } from "../../src/config/key_files.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import { setLogLevel } from "../../src/logging/log.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { unpackHome070 } from "./home_070.ts";

const POSIX = Deno.build.os !== "windows";

/** Runs `act` with a folder for key files, without logging, and then removes the folder. */
async function withKeyFiles(act: (files: KeyFiles, folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  setLogLevel("off");
  try {
    await act({ privateSphinxKeyFile: join(folder, "private"), publicSphinxKeyFile: join(folder, "public") }, folder);
  } finally {
    setLogLevel("info");
    await Deno.remove(folder, { recursive: true });
  }
}

function refusal(files: KeyFiles): string {
  const error = assertThrows(() => loadKeyPair(files), OperatorError);
  assertEquals(error.exitCode, 78);
  return error.message;
}

function permissions(path: string): string {
  return ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8);
}

Deno.test("a saved key pair is read back", () =>
  withKeyFiles((files) => {
    const keys = generateKeyPair();
    saveKeyPair(files, keys);
    assertEquals(loadKeyPair(files), keys);
    if (POSIX) assertEquals(permissions(files.privateSphinxKeyFile), "600");
  }));

Deno.test("existing key files are never overwritten", () =>
  withKeyFiles((files) => {
    const keys = generateKeyPair();
    saveKeyPair(files, keys);
    assertThrows(() => saveKeyPair(files, generateKeyPair()), OperatorError, "Cannot write");
    assertEquals(loadKeyPair(files), keys);
  }));

Deno.test("the keys of a 0.7.0 gateway load, and their files are restricted to their owner", () =>
  withKeyFiles(async (_, folder) => {
    await unpackHome070(folder);
    const data = join(folder, ".nym/gateways/supergateway/data");
    const files = {
      privateSphinxKeyFile: join(data, "private_sphinx.pem"),
      publicSphinxKeyFile: join(data, "public_sphinx.pem"),
    };
    const before = Object.values(files).map(permissions);
    readKeyPair(files);
    assertEquals(Object.values(files).map(permissions), before, "reading alone changes nothing");
    assertEquals(encodeBase58(loadKeyPair(files).publicKey), "4bXaBozeFwV69TnoQCNC1HMuhnm3qCxKDE8uoi6VyNRq");
    if (POSIX) assertEquals(Object.values(files).map(permissions), ["600", "600"]);
  }));

Deno.test("files of two different pairs are refused, and both are named", () =>
  withKeyFiles((files) => {
    saveKeyPair(files, generateKeyPair());
    Deno.writeTextFileSync(files.publicSphinxKeyFile, encodePem("X25519 PUBLIC KEY", generateKeyPair().publicKey));
    const message = refusal(files);
    assertStringIncludes(message, files.privateSphinxKeyFile);
    assertStringIncludes(message, `Cannot use the public key ${files.publicSphinxKeyFile}: it does not belong to`);
  }));

Deno.test("a private key that is not a canonical scalar is refused", () =>
  withKeyFiles((files) => {
    saveKeyPair(files, generateKeyPair());
    for (const scalar of [new Uint8Array(32), new Uint8Array(32).fill(0xff)]) {
      Deno.writeTextFileSync(files.privateSphinxKeyFile, encodePem("X25519 PRIVATE KEY", scalar));
      assertStringIncludes(refusal(files), "is not a number below the order of the group");
    }
  }));

Deno.test("a file that is not a key is refused with the reason", () =>
  withKeyFiles((files) => {
    saveKeyPair(files, generateKeyPair());
    Deno.writeTextFileSync(files.publicSphinxKeyFile, "nonsense");
    assertStringIncludes(refusal(files), "not a PEM file");
    Deno.writeTextFileSync(files.publicSphinxKeyFile, encodePem("X25519 PUBLIC KEY", new Uint8Array(31)));
    assertStringIncludes(refusal(files), "contains 31 bytes, but a key has 32");
  }));

Deno.test("a missing key file is named, with its key in the configuration", () =>
  withKeyFiles((files) => {
    const error = assertThrows(() => loadKeyPair(files), OperatorError);
    assertEquals(error.exitCode, 66);
    assertStringIncludes(
      error.message,
      `Cannot read the private key ${files.privateSphinxKeyFile} (private_sphinx_key_file)`,
    );
  }));
