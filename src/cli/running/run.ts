import { formatSocketAddress, type SocketAddress } from "../../addresses/socket_address.ts";
import { type AnyConfig, homeOf } from "../../config/config.ts";
import { readTable } from "../../config/files.ts";
import type { Changes } from "../../config/reloading.ts";
import { type LogFile, logger, warnings } from "../../logging/log.ts";
import { OperatorError } from "../../errors/operator_error.ts";
import { ControlSocket, type ReloadAnswer } from "./control.ts";
import { type Decision, parseDecision } from "./decide.ts";
import { findHome } from "../homes/home.ts";
import { configureLogging, openLogFile } from "./logging.ts";
import type { Options } from "../options/options.ts";
import type { Role } from "../role.ts";
import { print, settleOutput } from "../output/output.ts";
import { describeReload } from "./reload.ts";
import { refuseStray } from "../homes/relocate.ts";
import { noteRunning } from "./running.ts";
import { ServiceManager } from "./service_manager.ts";
import { serveUntilSignalled } from "./signals.ts";

/** A running node, whose configuration can be reloaded. */
export interface Reloadable<C extends AnyConfig> extends AsyncDisposable {
  /** where its operator's endpoint listens, if it has one */
  readonly operatorAddress: SocketAddress | undefined;
  /** its state, on one line */
  readonly summary: string;
  /**
   * Takes over what it can from the configuration that `read` returns. Throws what `read` throws, and OperatorErrors.
   */
  reload(read: () => C): Changes;
  /** Takes the operator's word on a node, if it is a directory. Rejects with an OperatorError if it can't. */
  decide?(key: string, decision: Decision | undefined): Promise<void>;
}

/** What a kind of node does in its own way. */
export interface Runnable<C extends AnyConfig> extends Role<C> {
  /**
   * Reads the files that the configuration names, and prints what is known before the start. Returns what starts the
   * node, and throws an OperatorError if it can't be started, for example because a port is in use.
   */
  prepare(config: C): () => Promise<Reloadable<C>>;
  /** Prints the addresses, once the node listens on them. */
  printAddresses(config: C): void;
}

/** in ms, for the settings to be printed before the start continues anyway */
const SETTINGS_TIME = 200;

const log = logger("nym_gateway::node");

/**
 * Runs a node until a signal ends it.
 * @throws {OperatorError} if it can't be started
 */
export async function run<C extends AnyConfig>(role: Runnable<C>, options: Options): Promise<void> {
  const found = findHome(role, options);
  const { id, configPath: path } = found;
  print(`Starting ${role.table.program} ${id ?? homeOf(readTable(role.table, path)).id}...`);
  const read = () => role.override(readTable(role.table, path), options);
  await using serviceManager = ServiceManager.find();
  await using running = new AsyncDisposableStack();
  await serveUntilSignalled(async () => {
    const configured = readTable(role.table, path);
    refuseStray(role, found, configured, options);
    const config = role.override(configured, options);
    configureLogging(config.logging, openLogFile(config.logging));
    const start = role.prepare(config);
    await settleOutput(SETTINGS_TIME); // otherwise what it printed would mix with the log
    const node = await start();
    const control = running.use(
      ControlSocket.open(path, () => answerTo(() => reload(node, read)), (request) => answerDecision(node, request)),
    );
    running.use(noteRunning(path, {
      id: homeOf(config).id,
      operator: node.operatorAddress === undefined ? "" : formatSocketAddress(node.operatorAddress),
      control: control?.path ?? "",
    }));
    await settleOutput(SETTINGS_TIME);
    role.printAddresses(config);
    await settleOutput(SETTINGS_TIME);
    serviceManager?.ready(() => `${node.summary}${lastWarning()}`);
    return node;
  }, (node) => {
    log.info("Received SIGHUP: reading the configuration again");
    answerTo(() => reload(node, read));
  });
}

/** Undefined if the request is not a decision, or not for this kind of node. */
async function answerDecision<C extends AnyConfig>(node: Reloadable<C>, request: string): Promise<object | undefined> {
  const parsed = parseDecision(request);
  if (parsed === undefined || node.decide === undefined) return undefined;
  try {
    await node.decide(parsed.key, parsed.decision);
    return {};
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { refused: error.message, exitCode: error.exitCode };
  }
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
function reload<C extends AnyConfig>(node: Reloadable<C>, read: () => C): Changes {
  using unused = new DisposableStack();
  let taken: { logging: AnyConfig["logging"]; file: LogFile | undefined };
  const changes = node.reload(() => {
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
