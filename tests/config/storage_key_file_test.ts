import { assertEquals, assertNotEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { loadStorageKey, makeStorageKey } from "../../src/config/storage_key_file.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const FILE_VARIABLE = "NYM_GATEWAY_STORAGE_KEY_FILE";
const CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY";

function refusal(path: string, environment?: Map<string, string>): { message: string; exitCode: number } {
  return assertThrows(() => loadStorageKey(path, undefined, environment), OperatorError);
}

Deno.test("a storage key is created once, for this user alone, and read back", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("data/key.pem");
  const key = makeStorageKey(path);
  assertEquals(key.length, 32);
  assertEquals(loadStorageKey(path), key);
  if (Deno.build.os !== "windows") assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  assertThrows(() => makeStorageKey(path), OperatorError, "Cannot write");
  assertNotEquals(makeStorageKey(folder.file("other.pem")), key);
});

Deno.test("a home without a storage key gets one, and keeps it", () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const key = loadStorageKey(folder.file("key.pem"));
  assertEquals(loadStorageKey(folder.file("key.pem")), key);
});

Deno.test("the variable comes before the credential, which comes before the configured file", () => {
  using folder = new TemporaryFolder();
  const configured = folder.file("configured.pem");
  const keys = {
    named: makeStorageKey(folder.file("named.pem")),
    credential: makeStorageKey(folder.file("credentials/storage_key.pem")),
    configured: makeStorageKey(configured),
  };
  const credentials = [CREDENTIALS_VARIABLE, folder.file("credentials")] as const;
  const named = [FILE_VARIABLE, folder.file("named.pem")] as const;
  assertEquals(loadStorageKey(configured, undefined, new Map([credentials, named])), keys.named);
  assertEquals(loadStorageKey(configured, undefined, new Map([credentials])), keys.credential);
  const others = new Map([[CREDENTIALS_VARIABLE, folder.path]]);
  assertEquals(
    loadStorageKey(configured, undefined, others),
    keys.configured,
    "credentials without a storage key are ignored",
  );
});

Deno.test("a file named by the variable is never created", () => {
  using folder = new TemporaryFolder();
  const environment = new Map([[FILE_VARIABLE, folder.file("none.pem")]]);
  const { message, exitCode } = refusal(folder.file("configured.pem"), environment);
  assertStringIncludes(message, `Cannot read the storage key ${folder.file("none.pem")}: there is no such file`);
  assertEquals(exitCode, 66);
});

Deno.test("a file that is not a storage key is refused with the reason", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("key.pem");
  const write = (text: string) => Deno.writeTextFileSync(path, text, { mode: 0o600 });
  write("nonsense");
  assertStringIncludes(refusal(path).message, `Cannot use the storage key ${path}: not a PEM file`);
  write(encodePem("X25519 PRIVATE KEY", new Uint8Array(32)));
  assertStringIncludes(refusal(path).message, "a PEM file with another tag");
  write(encodePem("NYM GATEWAY STORAGE KEY", new Uint8Array(16)));
  assertStringIncludes(refusal(path).message, "it contains 16 bytes, but a key has 32");
  assertEquals(refusal(path).exitCode, 78);
});
