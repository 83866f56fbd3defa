import { join } from "node:path";
import {
  type AnyConfig,
  configPath,
  defaultsOf,
  type DirectoryConfig,
  type NodeConfig,
  nodeOf,
} from "../../config/config.ts";
import { exists, writeTable } from "../../config/files.ts";
import { saveKeyPair } from "../../config/key_files.ts";
import { makeSigningKey, signingKeyName } from "../../config/signing_key_file.ts";
import { makeStorageKey } from "../../config/storage_key_file.ts";
import { ExitCode, OperatorError } from "../../errors/operator_error.ts";
import { generateKeyPair } from "../../sphinx/curve.ts";
import { warnOfClash } from "./clash.ts";
import { homesDirectory, nodeId, SERVICE_HOME } from "./home.ts";
import type { Options } from "../options/options.ts";
import { print, printText } from "../output/output.ts";
import type { Role } from "../role.ts";

/**
 * Creates a node: its keys and its configuration file; all of them or none.
 * @throws {OperatorError} if that fails, or the node exists: it is known by its key, so it is never replaced
 */
export function init<C extends AnyConfig>(role: Role<C>, options: Options): void {
  const { program: kind } = role.table;
  const id = nodeId(options);
  print(`Initialising ${kind} ${id}...`);
  const root = homesDirectory(role);
  const config = role.override(defaultsOf(role.table, id, root), options);
  const path = configPath(id, root);
  const keys = "directory" in config ? keysOfDirectory(config) : keysOfNode(config);
  for (const file of [path, ...keys.flatMap(({ files }) => files)]) {
    if (exists(file)) throw alreadyThere(role, id, file, join(root, id));
  }
  using unfinished = new DisposableStack();
  for (const { files, make } of keys) {
    make();
    for (const file of files) unfinished.defer(() => Deno.removeSync(file));
  }
  writeTable(role.table, path, config);
  unfinished.move(); // it is finished: the files stay
  print(`Saved configuration file to ${JSON.stringify(path)}`);
  printText(`${kind[0]!.toUpperCase()}${kind.slice(1)} configuration completed.\n\n\n`);
  printText(nextSteps(role, id, root, keys.map(({ files: [secret] }) => secret)));
  warnOfClash(role, config);
}

/** Keys that are made together. */
interface Keys {
  /** their files: the secret one first */
  readonly files: readonly [string, ...string[]];
  /** makes all files or none, and prints what others are to know */
  readonly make: () => void;
}

function keysOfNode(config: NodeConfig): Keys[] {
  const node = nodeOf(config);
  const { privateSphinxKeyFile, publicSphinxKeyFile } = node;
  const make = () => {
    saveKeyPair(node, generateKeyPair());
    print("Saved mixnet sphinx keypair");
  };
  const keys: Keys = { files: [privateSphinxKeyFile, publicSphinxKeyFile], make };
  if (!("storageKeyFile" in node)) return [keys];
  const { storageKeyFile } = node;
  return [keys, { files: [storageKeyFile], make: () => void makeStorageKey(storageKeyFile) }];
}

function keysOfDirectory({ directory }: DirectoryConfig): Keys[] {
  const { privateSigningKeyFile } = directory;
  const make = () => {
    print(`Public key: ${signingKeyName(makeSigningKey(privateSigningKeyFile))}`);
    print("Nodes and clients that have it as directory_key accept no other directory's topologies");
  };
  return [{ files: [privateSigningKeyFile], make }];
}

/** What to do next, in order. */
function nextSteps<C extends AnyConfig>(role: Role<C>, id: string, root: string, secrets: readonly string[]): string {
  return `Next, check that everything is ready, and start it:
    ${role.program} check --id ${id}
    ${startOf(role, id, root)}

${role.backup}
${secrets.map((file) => `    ${file}\n`).join("")}`;
}

/** The command that starts the node; those in the services' home are started as a service. */
function startOf<C extends AnyConfig>({ homes, program, table }: Role<C>, id: string, root: string): string {
  const isService = root === join(SERVICE_HOME, homes);
  const [unit, isFirst] = [`nym-${table.program}`, table.program === "gateway" && id === "gateway"];
  if (isService && exists("/run/systemd/system")) {
    return `systemctl enable --now ${isFirst ? unit : `${unit}@${id}`}`;
  }
  if (isService && exists("/etc/init.d/nym-gateway")) {
    const script = isFirst ? unit : `${unit}.${id}`;
    const link = isFirst ? "" : `ln -s nym-gateway /etc/init.d/${script} && `;
    return `${link}rc-update add ${script} && rc-service ${script} start`;
  }
  return `${program} run --id ${id}`;
}

function alreadyThere<C extends AnyConfig>(
  { program, table }: Role<C>,
  id: string,
  file: string,
  folder: string,
): OperatorError {
  return new OperatorError(
    `Cannot initialise ${table.program} ${id}: ${file} exists already; start it with \`${program} run --id ${id}\`, ` +
      `choose another --id, or move ${folder} away`,
    ExitCode.CANNOT_CREATE,
  );
}
