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

/** Runs `act` with a folder for key files, without log; resolves with it gone. */
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

Deno.test("a key pair is read back from its files", () =>
  withKeyFiles((files) => {
    const keys = generateKeyPair();
    saveKeyPair(files, keys);
    assertEquals(loadKeyPair(files), keys);
    if (POSIX) assertEquals(permissions(files.privateSphinxKeyFile), "600");
  }));

Deno.test("key files that exist are never written over", () =>
  withKeyFiles((files) => {
    const keys = generateKeyPair();
    saveKeyPair(files, keys);
    assertThrows(() => saveKeyPair(files, generateKeyPair()), OperatorError, "Cannot write");
    assertEquals(loadKeyPair(files), keys);
  }));

Deno.test("the keys of a 0.7.0 gateway load, and are taken away from other users", () =>
  withKeyFiles(async (_, folder) => {
    await unpackHome070(folder);
    const data = join(folder, ".nym/gateways/supergateway/data");
    const files = {
      privateSphinxKeyFile: join(data, "private_sphinx.pem"),
      publicSphinxKeyFile: join(data, "public_sphinx.pem"),
    };
    const before = Object.values(files).map(permissions);
    readKeyPair(files);
    assertEquals(Object.values(files).map(permissions), before, "only reading changes nothing");
    assertEquals(encodeBase58(loadKeyPair(files).publicKey), "4bXaBozeFwV69TnoQCNC1HMuhnm3qCxKDE8uoi6VyNRq");
    if (POSIX) assertEquals(Object.values(files).map(permissions), ["600", "600"]);
  }));

Deno.test("files of two different pairs are refused, naming both", () =>
  withKeyFiles((files) => {
    saveKeyPair(files, generateKeyPair());
    Deno.writeTextFileSync(files.publicSphinxKeyFile, encodePem("X25519 PUBLIC KEY", generateKeyPair().publicKey));
    const message = refusal(files);
    assertStringIncludes(message, files.privateSphinxKeyFile);
    assertStringIncludes(message, `Cannot use the public key ${files.publicSphinxKeyFile}: it does not belong to`);
  }));

Deno.test("a private key that is no canonical scalar is refused", () =>
  withKeyFiles((files) => {
    saveKeyPair(files, generateKeyPair());
    for (const scalar of [new Uint8Array(32), new Uint8Array(32).fill(0xff)]) {
      Deno.writeTextFileSync(files.privateSphinxKeyFile, encodePem("X25519 PRIVATE KEY", scalar));
      assertStringIncludes(refusal(files), "does not hold a number below the group's order");
    }
  }));

Deno.test("a file that is no key is refused with the reason", () =>
  withKeyFiles((files) => {
    saveKeyPair(files, generateKeyPair());
    Deno.writeTextFileSync(files.publicSphinxKeyFile, "nonsense");
    assertStringIncludes(refusal(files), "not a PEM file");
    Deno.writeTextFileSync(files.publicSphinxKeyFile, encodePem("X25519 PUBLIC KEY", new Uint8Array(31)));
    assertStringIncludes(refusal(files), "holds 31 bytes and should hold 32");
  }));

Deno.test("a key file that is missing is named, with the key of the configuration that names it", () =>
  withKeyFiles((files) => {
    const error = assertThrows(() => loadKeyPair(files), OperatorError);
    assertEquals(error.exitCode, 66);
    assertStringIncludes(
      error.message,
      `Cannot read the private key ${files.privateSphinxKeyFile} (private_sphinx_key_file in [gateway])`,
    );
  }));
