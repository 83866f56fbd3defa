import { type DatabaseAddress, databaseAddress } from "../addresses/database_address.ts";
import type { Config } from "./config.ts";
import { credentialFile, type Environment } from "./credentials.ts";
import { readEditedText, readText } from "./files.ts";

const CREDENTIAL = "postgresql_password";

/** How to log in to the database of `[storage]`. */
export interface DatabaseOptions extends DatabaseAddress {
  /** the role's password; "" for none */
  readonly password: string;
  /** TLS, with certificates by these authorities (PEM), or by well-known ones; false: no TLS */
  readonly tls: { readonly authorities: string | undefined } | false;
}

/**
 * Reads the files that `[storage]` names. Throws an OperatorError that names the file, and never has its contents.
 * `isForGateway`: the credential, which is for the gateway's role, may take the place of the file.
 */
export function databaseOptions(
  { url, passwordFile, tls, certificateAuthority }: Config["storage"],
  isForGateway = true,
  environment: Environment = Deno.env,
): DatabaseOptions {
  const file = (isForGateway ? credentialFile(CREDENTIAL, environment) : undefined) ?? passwordFile;
  return {
    ...databaseAddress(url)!, // which the key's kind has checked
    password: file === "" ? "" : passwordIn(readEditedText(file, `the database's password ${file}`)),
    tls: tls === "off" ? false : { authorities: authoritiesIn(certificateAuthority) },
  };
}

/** The first line, without a byte order mark. */
function passwordIn(text: string): string {
  return text.replace(/^\uFEFF/, "").split(/\r?\n/)[0]!;
}

function authoritiesIn(path: string): string | undefined {
  return path === "" ? undefined : readText(path, `the certificate authority ${path}`);
}
