import { databaseAddress } from "../addresses/database_address.ts";
import type { Config } from "../config/config.ts";
import { databaseOptions } from "../config/database_options.ts";
import { readConfig } from "../config/files.ts";
import { tomlValue } from "../config/toml.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import type { Provisioned } from "../postgresql/provision.ts";
import { findHome } from "./homes/home.ts";
import type { Options } from "./options/options.ts";
import { print, printText } from "./output/output.ts";
import { paint } from "./output/paint.ts";
import { GATEWAY_ROLE } from "./role.ts";

/** Where Debian's server listens, for the user postgres. */
const LOCAL_ADMIN = "postgres://postgres@%2Fvar%2Frun%2Fpostgresql/postgres";

/**
 * Creates what a gateway needs of a PostgreSQL server, or brings it up to date, and prints what it did.
 * @throws {OperatorError} if an option or a file is not valid, or the server refuses
 */
export async function initStorage(options: Options): Promise<void> {
  const storage = storageOf(options);
  const { password, ...wanted } = databaseOptions(storage);
  const adminUrl = validUrl("--admin-url", options["admin-url"] ?? LOCAL_ADMIN);
  const passwordFile = options["admin-password-file"] ?? "";
  const admin = databaseOptions({ ...storage, url: adminUrl, passwordFile }, false);
  const { provision } = await import("../postgresql/provision.ts");
  let done: Provisioned;
  try {
    done = await provision(admin, wanted, password === "" ? undefined : password);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = options["admin-url"] === undefined
      ? "; run it as the user postgres on the server's machine, or give --admin-url"
      : "";
    throw new OperatorError(`Cannot prepare the database as ${adminUrl}: ${reason}${hint}`, ExitCode.INPUT_OUTPUT);
  }
  const { user, database } = wanted;
  for (const line of linesOf(done, user, database, password !== "")) print(` ${line}`);
  if (done.excess !== undefined) {
    print(` ${paint("yellow", "!")} The role ${user} may do more than a gateway needs: ${done.excess}.`);
  }
  if (options.url !== undefined) printText(`\n${sectionFor(storage)}`);
}

/** The section for the database: as the options say, or the configuration. */
function storageOf(options: Options): Config["storage"] {
  if (options.url !== undefined) {
    return {
      kind: "postgresql",
      url: validUrl("--url", options.url),
      passwordFile: options["password-file"] ?? "",
      tls: "verify",
      certificateAuthority: options["certificate-authority"] ?? "",
    };
  }
  const only = (["password-file", "certificate-authority"] as const).find((name) => options[name] !== undefined);
  if (only !== undefined) throw new OperatorError(`--${only} goes with --url`, ExitCode.USAGE);
  const { configPath } = findHome(GATEWAY_ROLE, options);
  const { storage } = readConfig(configPath);
  if (storage.url !== "") return storage;
  throw new OperatorError(
    `${configPath} names no database: set url in [storage], or give --url`,
    ExitCode.CONFIGURATION,
  );
}

function validUrl(option: string, url: string): string {
  if (databaseAddress(url) !== undefined) return url;
  throw new OperatorError(
    `${option}: it must be a URL without a password, as in postgres://gateway@db1.example.org/mail`,
    ExitCode.USAGE,
  );
}

function linesOf(done: Provisioned, user: string, database: string, hasPassword: boolean): string[] {
  const { isNewRole, isNewDatabase, before, version } = done;
  const password = hasPassword ? ", with the password in the file" : isNewRole ? ", without a password" : "";
  const schema = before === 0
    ? `Created the schema nym_gateway, version ${version}.`
    : before < version
    ? `Brought the schema nym_gateway from version ${before} to ${version}.`
    : `The schema nym_gateway is of version ${version} already.`;
  return [
    `${isNewRole ? "Created the role" : "There is the role"} ${user}${password}.`,
    isNewDatabase
      ? `Created the database ${database}, in which only ${user} may log in.`
      : `There is the database ${database}.`,
    schema,
    ...done.excess === undefined ? [`In it, ${user} may do what a gateway needs, and no more.`] : [],
  ];
}

/** What to write into config.toml, below a sentence. */
function sectionFor({ url, passwordFile, certificateAuthority }: Config["storage"]): string {
  const file = (name: string, path: string) => path === "" ? [] : [`    ${name} = ${tomlValue(path)}`];
  return [
    " For config.toml of each gateway. If it has mail already, leave kind out, and run",
    " `nym-gateway storage move --to postgresql`, which sets it:",
    "",
    "    [storage]",
    '    kind = "postgresql"',
    `    url = ${tomlValue(url)}`,
    ...file("password_file", passwordFile),
    ...file("certificate_authority", certificateAuthority),
  ].join("\n");
}
