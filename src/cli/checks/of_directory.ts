import { dirname } from "node:path";
import type { DirectoryConfig } from "../../config/config.ts";
import { readSigningKey, signingKeyName } from "../../config/signing_key_file.ts";
import { OperatorError } from "../../errors/operator_error.ts";
import type { Checkable } from "./check.ts";
import { DIRECTORY_ROLE } from "../role.ts";
import { checkOpenness, checkPorts, checkTrust } from "./addresses.ts";
import { placeOfUser } from "./closed_to_owner.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import { checkCertificateFiles, checkOwnFiles, checkSecrets } from "./keys.ts";
import { checkMachine } from "./machine.ts";
import { descriptorLimitOf } from "./running_node.ts";
import { checkDatabaseFile, checkFolder, checkLogFile, checkWritable } from "./storage.ts";

/** bytes of disk: many times what the state of a full directory takes */
const STATE_DISK = 64 * 1024 * 1024;

/** A directory, with everything that it needs. */
export const DIRECTORY_CHECKS: Checkable<DirectoryConfig> = { ...DIRECTORY_ROLE, check };

async function* check(config: DirectoryConfig, path: string): AsyncGenerator<Finding> {
  const { directory, operator } = config;
  try {
    yield ok("signing key", signingKeyName(readSigningKey(directory.privateSigningKeyFile)));
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    yield fail("signing key", error.message, "restore the file that init created", error.exitCode);
  }
  yield checkSecrets([directory.privateSigningKeyFile]);
  const ours = placeOfUser(path, directory.privateSigningKeyFile);
  yield* checkOwnFiles(ours, [path, directory.privateSigningKeyFile]);
  yield* checkCertificateFiles(directory, "directory", ours);
  const key = "state_file in [directory]";
  const folder = dirname(directory.stateFile);
  const { isRunning, finding } = await checkFolder("state", folder, key, "directory");
  yield finding;
  if (finding.status !== "fail") yield* checkWritable([{ key, folder }], ours);
  yield* checkDatabaseFile("state file", directory.stateFile);
  yield* checkLogFile(config.logging, ours);
  const http = { name: "http", listening: directory.listeningAddress };
  yield* checkPorts([http], operator.listeningAddress, isRunning, ours);
  yield* checkOpenness(operator.listeningAddress);
  yield* checkTrust(config.limits.trustedProxies);
  yield directory.open
    ? warn(
      "proofs",
      "open = true: anyone can announce any node that does not prove its key",
      "set open = false, and allow the keys of 0.7.0 nodes with `nym-gateway directory allow`",
    )
    : ok("proofs", "nodes must prove their keys, unless you allow them");
  yield* checkMachine("state", folder, STATE_DISK, isRunning, await descriptorLimitOf(config, path));
}
