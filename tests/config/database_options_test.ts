import { assertEquals, assertThrows } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import { databaseOptions } from "../../src/config/database_options.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const NO_VARIABLES = new Map<string, string>();

function storage(passwordFile: string, change: Partial<Config["storage"]> = {}): Config["storage"] {
  const url = "postgres://mail@db1.example.org,db2.example.org:5433/mail";
  return { kind: "postgresql", url, passwordFile, tls: "verify", certificateAuthority: "", ...change };
}

Deno.test("a database's password is the credential's, or else the first line of the file", () => {
  using folder = new TemporaryFolder();
  Deno.mkdirSync(folder.file("credentials"));
  const file = folder.file("password");
  Deno.writeTextFileSync(file, "of the file\r\nand more\n");
  const credentials = new Map([["CREDENTIALS_DIRECTORY", folder.file("credentials")]]);
  const password = (...[isForGateway, environment]: [boolean, Map<string, string>]) =>
    databaseOptions(storage(file), isForGateway, environment).password;
  assertEquals(password(true, NO_VARIABLES), "of the file");
  assertEquals(password(true, credentials), "of the file", "credentials without a password are ignored");
  Deno.writeTextFileSync(folder.file("credentials/postgresql_password"), "of the credential");
  assertEquals(password(true, credentials), "of the credential");
  assertEquals(password(false, credentials), "of the file", "an administrator has another password");
  assertEquals(databaseOptions(storage(""), true, NO_VARIABLES).password, "");
});

Deno.test("a password has no byte order mark, and one that is not UTF-8 is refused", () => {
  using folder = new TemporaryFolder();
  const file = folder.file("password");
  const password = () => databaseOptions(storage(file), true, NO_VARIABLES).password;
  Deno.writeTextFileSync(file, "\uFEFFsecret\n");
  assertEquals(password(), "secret");
  Deno.writeFileSync(file, Uint8Array.of(0x73, 0xfc, 0xdf)); // Latin-1
  assertThrows(password, OperatorError, `the database's password ${file}: line 1 is not UTF-8`);
});

Deno.test("TLS is verified unless it is turned off, and a file that cannot be read is named", () => {
  const { tls, hosts } = databaseOptions(storage(""), true, NO_VARIABLES);
  assertEquals(tls, { authorities: undefined });
  assertEquals(hosts.map(({ host, port }) => `${host}:${port}`), ["db1.example.org:5432", "db2.example.org:5433"]);
  assertEquals(databaseOptions(storage("", { tls: "off" }), true, NO_VARIABLES).tls, false);
  const none = storage("", { certificateAuthority: "/nowhere/ca.pem" });
  assertThrows(
    () => databaseOptions(none, true, NO_VARIABLES),
    OperatorError,
    "the certificate authority /nowhere/ca.pem",
  );
  const unused = storage("", { tls: "off", certificateAuthority: "/nowhere/ca.pem" });
  assertEquals(databaseOptions(unused, true, NO_VARIABLES).tls, false);
});
