import { join } from "node:path";
import { exists } from "./files.ts";

/** Environment variable with the folder where systemd puts the files of `LoadCredential=<name>:…`. */
const FOLDER_VARIABLE = "CREDENTIALS_DIRECTORY";

/** Where environment variables are read. */
export type Environment = Pick<Deno.Env, "get">;

/** The path of a systemd credential's file; undefined if there is none. Throws an OperatorError if that is unknown. */
export function credentialFile(name: string, environment: Environment): string | undefined {
  const folder = environment.get(FOLDER_VARIABLE);
  const path = folder ? join(folder, name) : undefined;
  return path !== undefined && exists(path) ? path : undefined;
}
