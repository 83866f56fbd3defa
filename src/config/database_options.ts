import { join } from "node:path";
import { type DatabaseAddress, databaseAddress } from "../addresses/database_address.ts";
import type { Config } from "./config.ts";
import { exists, readEditedText, readText } from "./files.ts";

/** Environment variable with the folder where systemd puts the file of `LoadCredential=postgresql_password:…`. */
const CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY";
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
  environment: { get(name: string): string | undefined } = Deno.env,
): DatabaseOptions {
  const folder = isForGateway ? environment.get(CREDENTIALS_VARIABLE) : undefined;
  const credential = folder ? join(folder, CREDENTIAL) : undefined;
  const file = credential !== undefined && exists(credential) ? credential : passwordFile;
  const authorities = certificateAuthority === ""
    ? undefined
    : readText(certificateAuthority, `the certificate authority ${certificateAuthority}`);
  return {
    ...databaseAddress(url)!, // which the key's kind has checked
    password: file === "" ? "" : passwordIn(readEditedText(file, `the database's password ${file}`)),
    tls: tls === "off" ? false : { authorities },
  };
}

/** The first line, without a byte order mark. */
function passwordIn(text: string): string {
  return text.replace(/^\uFEFF/, "").split(/\r?\n/)[0]!;
}
