import type { Config } from "../../config/config.ts";
import { databaseOptions } from "../../config/database_options.ts";
import { readEditedText, replaceText } from "../../config/files.ts";
import { parseConfig } from "../../config/parse.ts";
import { rewriteConfig } from "../../config/rewriting.ts";
import { findStorageKey } from "../../config/storage_key_file.ts";
import { ExitCode, fileError, OperatorError } from "../../errors/operator_error.ts";
import { mailboxFile } from "../../mailbox/database_files.ts";
import { ledgerFile } from "../../mailbox/import_070.ts";
import type { ChunkPlace, Movable, MovableFigures } from "../../mailbox/movable.ts";
import { MovableKv } from "../../mailbox/movable_kv.ts";
import { copyMail, verifyMail } from "../../mailbox/moving.ts";
import { Sealer } from "../../mailbox/sealing.ts";
import {
  type Moved,
  readMove,
  removeMove,
  type StoreKind,
  type UnfinishedMove,
  writeMove,
} from "../../mailbox/unfinished_move.ts";
import { MovablePostgresql } from "../../postgresql/movable.ts";
import { Interrupted } from "../../signals/interruption.ts";
import { plural } from "../../text/plural.ts";
import { sizeText } from "../../text/units.ts";
import { findHome } from "../homes/home.ts";
import { interruptible } from "./interruption.ts";
import type { Options } from "../options/options.ts";
import { print, printText } from "../output/output.ts";
import { paint } from "../output/paint.ts";
import { Progress } from "../output/progress.ts";
import { refuseStray } from "../homes/relocate.ts";
import { GATEWAY_ROLE } from "../role.ts";
import { lockInboxes } from "./stopped_gateway.ts";

/**
 * Moves a stopped gateway's mail and clients into its other store. Resolves with the exit code if a signal interrupts it.
 * @throws {OperatorError} if it is running, the target is not empty, or a store can't be used
 */
export function moveStorage(options: Options): Promise<number | void> {
  const outcome = "nothing is lost; the same command continues the move, and until then the gateway does not start";
  return interruptible((signal) => moveUntil(signal, options), outcome);
}

async function moveUntil(signal: AbortSignal, options: Options): Promise<void> {
  const to = options.to as StoreKind;
  const found = findHome(GATEWAY_ROLE, options);
  const { configPath } = found;
  const text = readEditedText(configPath, configPath);
  const config = parseConfig(text, configPath);
  refuseStray(GATEWAY_ROLE, found, config, options);
  const attempt = `Cannot move the mail of gateway ${found.id ?? config.gateway.id}`;
  if (config.storage.url === "") {
    const hint = "set url in [storage], as `nym-gateway storage init` prints it";
    throw new OperatorError(`${attempt}: ${configPath} names no database; ${hint}`, ExitCode.CONFIGURATION);
  }
  using _ = await lockInboxes(attempt, config.clientsEndpoint.inboxesDirectory);
  const began = performance.now();
  let moved: Moved;
  try {
    using progress = new Progress();
    const isMerge = options.merge !== undefined;
    moved = await moveMail(config, to, isMerge, () => setKind(configPath, config, to), (what, messages) => {
      signal.throwIfAborted();
      progress.show(() => `${what}: ${plural(messages, "message")}`);
    });
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    if (error instanceof OperatorError) throw new OperatorError(`${attempt}: ${error.message}`, error.exitCode);
    throw fileError(attempt, error, ExitCode.INPUT_OUTPUT);
  }
  const seconds = (performance.now() - began) / 1000;
  if (options.output === "json") return printText(JSON.stringify({ to, ...moved, seconds }, undefined, 2));
  const { messages, bytes, inboxes, clients, damaged } = moved;
  print(
    ` Moved ${plural(messages, "message")} (${sizeText(bytes)}) of ${plural(inboxes, "inbox", "inboxes")}, and ` +
      `${plural(clients, "client")}, in ${seconds.toFixed(1)} s.`,
  );
  print(` Each was found in the new place, and then removed from the old one.`);
  print(` ${configPath} says kind = "${to}" in [storage] now: start the gateway.`);
  if (damaged > 0) {
    print(` ${paint("yellow", "!")} ${plural(damaged, "value")} could not be read, and could not be moved.`);
  }
}

/**
 * Moves everything, or continues a move: copies it, looks for each chunk in the new store, sets the configuration, and
 * empties the old store. The file move.json says how far it is, so that it may be killed at any point.
 *
 * @param isMerge whether the target may hold something
 * @param configure sets the configuration
 * @param onProgress called often; what it throws ends the move, which may go on later
 */
export async function moveMail(
  config: Config,
  to: StoreKind,
  isMerge: boolean,
  configure: () => void,
  onProgress: (what: "Copying" | "Verifying" | "Removing", messages: number) => void,
): Promise<Moved> {
  const { gateway, clientsEndpoint: { inboxesDirectory } } = config;
  const before = readMove(inboxesDirectory);
  if (before !== undefined && before.to !== to) {
    throw new OperatorError(`a move to ${before.to} has not finished: finish it first`, ExitCode.UNAVAILABLE);
  }
  const sealer = new Sealer(findStorageKey(gateway.storageKeyFile));
  await using stores = new AsyncDisposableStack();
  const open = async (kind: StoreKind) => stores.use(await openMovable(config, kind, sealer, before));
  const target = await open(to);
  const source = await open(to === "embedded" ? "postgresql" : "embedded");
  let move: UnfinishedMove = before ?? { to, offset: target.offset };
  if (before === undefined) {
    const there = await target.figures();
    if (!isMerge && there.messages + there.clients > 0) throw notEmpty(to, there);
    writeMove(inboxesDirectory, move);
  }
  const note = (change: Partial<UnfinishedMove>) => writeMove(inboxesDirectory, move = { ...move, ...change });
  await copyMail(source, target, sealer, move.after, (after: ChunkPlace, messages: number) => {
    note({ after });
    onProgress("Copying", messages);
  });
  // If it is killed after this, it copies and verifies everything again: a gateway elsewhere may have stored mail meanwhile.
  note({ after: undefined });
  const moved = await source.clear(async () => {
    const verified = await verifyMail(source, target, sealer, (_, messages) => onProgress("Verifying", messages));
    const moved = move.moved ?? { ...verified, damaged: source.damaged };
    note({ moved });
    onProgress("Removing", moved.messages);
    configure();
    return moved;
  });
  onProgress("Removing", moved.messages);
  removeMove(inboxesDirectory);
  return moved;
}

async function openMovable(
  { storage, clientsEndpoint }: Config,
  kind: StoreKind,
  sealer: Sealer,
  move: UnfinishedMove | undefined,
): Promise<Movable> {
  if (kind === "embedded") {
    const mailbox = mailboxFile(clientsEndpoint.inboxesDirectory);
    return await MovableKv.open(mailbox, ledgerFile(clientsEndpoint.ledgerPath), sealer, move?.offset);
  }
  const options = databaseOptions(storage);
  try {
    return await MovablePostgresql.open(options, sealer);
  } catch (error) {
    throw fileError(`cannot use the database "${storage.url}"`, error, ExitCode.UNAVAILABLE);
  }
}

function notEmpty(to: StoreKind, { messages, clients }: MovableFigures): OperatorError {
  const place = to === "embedded" ? "the gateway's files" : "the database";
  return new OperatorError(
    `${place} hold${to === "embedded" ? "" : "s"} ${plural(messages, "message")} and ${
      plural(clients, "client")
    } already; ` +
      "with --merge, this gateway's are added to them",
    ExitCode.CANNOT_CREATE,
  );
}

/** Changes `kind` in the configuration file, which parses to `config`, if need be. */
function setKind(configPath: string, config: Config, kind: StoreKind): void {
  if (config.storage.kind === kind) return;
  const wanted = structuredClone(config);
  wanted.storage.kind = kind;
  replaceText(configPath, rewriteConfig(readEditedText(configPath, configPath), config, wanted));
}
