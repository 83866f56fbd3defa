import { join } from "node:path";
import { formatSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";
import { hostOf } from "../config/addresses.ts";
import type { Config } from "../config/config.ts";
import { readConfig } from "../config/files.ts";
import type { Changes } from "../config/reloading.ts";
import { loadKeyPair } from "../config/key_files.ts";
import { loadStorageKey } from "../config/storage_key_file.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { type LogFile, logger, warnings } from "../logging/log.ts";
import { OperatorError } from "../errors/operator_error.ts";
import type { KeyPair } from "../sphinx/curve.ts";
import { ControlSocket, type ReloadAnswer } from "./control.ts";
import { findHome } from "./home.ts";
import { configureLogging, openLogFile } from "./logging.ts";
import type { Options } from "./options.ts";
import { GATEWAY_ROLE } from "./role.ts";
import { print, printText, settleOutput } from "./output.ts";
import { overrideConfig } from "./overrides.ts";
import { describeReload } from "./reload.ts";
import { refuseStray } from "./relocate.ts";
import { noteRunning } from "./running.ts";
import { ServiceManager } from "./service_manager.ts";
import { serveUntilSignalled } from "./signals.ts";

/**
 * Starts a gateway, which serves until it is disposed. `storageKey` seals the databases.
 * @throws {OperatorError} if it can't be started, for example because a port is in use
 */
export type StartGateway = (config: Config, keys: KeyPair, storageKey: Uint8Array) => Promise<Reloadable>;

/** A running gateway, whose configuration can be reloaded. */
export interface Reloadable extends AsyncDisposable {
  /** where its operator's endpoint listens, if it has one */
  readonly operatorAddress: SocketAddress | undefined;
  /** its state, on one line */
  readonly summary: string;
  /**
   * Takes over what it can from the configuration that `read` returns. Throws what `read` throws, and OperatorErrors.
   */
  reload(read: () => Config): Changes;
}

/** in ms, for the settings to be printed before the start continues anyway */
const SETTINGS_TIME = 200;

const log = logger("nym_gateway::node");

/** Addresses that other machines can't reach, or that name no particular machine. */
const SPECIAL_HOSTS = ["localhost", "127.0.0.1", "0.0.0.0", "::1"];

/**
 * Runs a gateway until a signal ends it.
 * @throws {OperatorError} if it can't be started
 */
export async function run(options: Options, startGateway: StartGateway): Promise<void> {
  const found = findHome(GATEWAY_ROLE, options);
  const { id, configPath: path } = found;
  print(`Starting gateway ${id ?? readConfig(path).gateway.id}...`);
  const read = () => overrideConfig(readConfig(path), options);
  await using serviceManager = ServiceManager.find();
  await using running = new AsyncDisposableStack();
  await serveUntilSignalled(async () => {
    const configured = readConfig(path);
    refuseStray(GATEWAY_ROLE, found, configured, options);
    const config = overrideConfig(configured, options);
    configureLogging(config.logging, openLogFile(config.logging));
    const keys = loadKeyPair(config.gateway);
    const storageKey = loadStorageKey(config.gateway.storageKeyFile, sealedFiles(config));
    printIdentity(config, keys);
    await settleOutput(SETTINGS_TIME); // otherwise they would mix with the log
    const gateway = await startGateway(config, keys, storageKey);
    const control = running.use(ControlSocket.open(path, () => answerTo(() => reload(gateway, read))));
    running.use(noteRunning(path, {
      id: config.gateway.id,
      operator: gateway.operatorAddress === undefined ? "" : formatSocketAddress(gateway.operatorAddress),
      control: control?.path ?? "",
    }));
    await settleOutput(SETTINGS_TIME);
    printAddresses(config);
    await settleOutput(SETTINGS_TIME);
    serviceManager?.ready(() => `${gateway.summary}${lastWarning()}`);
    return gateway;
  }, (gateway) => {
    log.info("Received SIGHUP: reading the configuration again");
    answerTo(() => reload(gateway, read));
  });
}

function lastWarning(): string {
  const last = warnings().at(-1);
  return last === undefined ? "" : `; last warning at ${new Date(last.time).toISOString().slice(0, 19)}Z: ${last.text}`;
}

/** Logs the outcome of a reload; a configuration with a mistake is refused, and the previous one stays in force. */
function answerTo(reload: () => Changes): ReloadAnswer {
  try {
    const { taken, left } = reload();
    const { now, later } = describeReload(taken, left);
    if (now !== undefined) log.info(now);
    if (later !== undefined) log.warn(later);
    return { taken, left };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    log.error(`${error.message}; the previous configuration stays in force`);
    return { refused: error.message, exitCode: error.exitCode };
  }
}

/** Takes over the changes in the file. */
function reload(gateway: Reloadable, read: () => Config): Changes {
  using unused = new DisposableStack();
  let taken: { logging: Config["logging"]; file: LogFile | undefined };
  const changes = gateway.reload(() => {
    const config = read();
    const file = openLogFile(config.logging);
    if (file !== undefined) unused.use(file);
    taken = { logging: config.logging, file };
    return config;
  });
  unused.move();
  configureLogging(taken!.logging, taken!.file);
  return changes;
}

function printIdentity({ gateway, mixnetEndpoint: mixnet, clientsEndpoint: clients }: Config, keys: KeyPair): void {
  printText(`Public key: ${encodeBase58(keys.publicKey)}\n`);
  const endpoints = [
    { host: hostOf(mixnet.listeningAddress), announced: hostOf(mixnet.announceAddress) },
    { host: hostOf(clients.listeningAddress), announced: hostOf(new URL(clients.announceAddress).host) },
  ];
  for (const { host, announced } of endpoints) {
    if (SPECIAL_HOSTS.includes(host) && SPECIAL_HOSTS.includes(announced)) printText(bindingNote(host));
  }
  print(`Directory server [presence]: ${gateway.presenceDirectoryServer}`);
}

/** Only once the gateway listens on them. */
function printAddresses({ mixnetEndpoint: mixnet, clientsEndpoint: clients }: Config): void {
  print(`Listening for incoming sphinx packets on ${mixnet.listeningAddress}`);
  print(`Announcing the following socket address for sphinx packets: ${mixnet.announceAddress}`);
  print(`Listening for incoming clients packets on ${clients.listeningAddress}`);
  print(`Announcing the following socket address for clients packets: ${clients.announceAddress}`);
  print(`Inboxes directory is: ${JSON.stringify(clients.inboxesDirectory)}`);
  print(`Clients ledger is stored at: ${JSON.stringify(clients.ledgerPath)}`);
}

function bindingNote(host: string): string {
  return `
##### NOTE #####

You are trying to bind to ${host} - you might not be accessible to other nodes
You can ignore this warning if you're running setup on a local network${" "}
or have set a custom 'announce-host'


`;
}

/** The databases that are sealed with the storage key. */
function sealedFiles({ clientsEndpoint: { inboxesDirectory, ledgerPath } }: Config): string[] {
  return [join(inboxesDirectory, "mailbox.kv"), ledgerPath.replace(/\.sled$/, ".kv")];
}
