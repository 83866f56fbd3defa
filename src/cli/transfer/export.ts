import { basename, dirname, join, resolve } from "node:path";
import { writeArchive } from "../../archive/archive_writer.ts";
import type { Database } from "../../archive/contents.ts";
import { databaseOptions } from "../../config/database_options.ts";
import { mailboxFile } from "../../mailbox/database_files.ts";
import { ledgerFile } from "../../mailbox/import_070.ts";
import { MovableKv } from "../../mailbox/movable_kv.ts";
import { copyMail, type OnMoved, verifyMail } from "../../mailbox/moving.ts";
import { Sealer } from "../../mailbox/sealing.ts";
import type { Config } from "../../config/config.ts";
import { exists, readEditedText } from "../../config/files.ts";
import { readKeyPair } from "../../config/key_files.ts";
import { parseConfig } from "../../config/parse.ts";
import { findStorageKey, storageKeyElsewhere } from "../../config/storage_key_file.ts";
import { encodeBase58 } from "../../encoding/base58.ts";
import { moveFile, moveInTheWay } from "../../mailbox/unfinished_move.ts";
import { ExitCode, fileError, OperatorError } from "../../errors/operator_error.ts";
import { ExportedItems } from "./exported_items.ts";
import { findHome } from "../homes/home.ts";
import { Interrupted } from "../../signals/interruption.ts";
import { interruptible } from "./interruption.ts";
import type { Options } from "../options/options.ts";
import { GATEWAY_ROLE } from "../role.ts";
import { readPassphrase } from "./passphrase.ts";
import { Progress } from "../output/progress.ts";
import { plural } from "../../text/plural.ts";
import { sizeText } from "../../text/units.ts";
import { refuseStray } from "../homes/relocate.ts";
import { lockInboxes } from "./stopped_gateway.ts";
import { printTransfer } from "./transfer_summary.ts";
import { Workspace } from "./workspace.ts";

/**
 * Writes a stopped gateway into one sealed file. Resolves with the exit code if a signal interrupts it.
 * @throws {OperatorError} if it is running, or something can't be read or written; then there is no file
 */
export function exportGateway(options: Options): Promise<number | void> {
  return interruptible((signal) => exportUntil(signal, options));
}

async function exportUntil(signal: AbortSignal, options: Options): Promise<void> {
  const file = resolve(options.file!);
  const found = findHome(GATEWAY_ROLE, options);
  const { configPath } = found;
  const configText = readEditedText(configPath, configPath);
  const config = parseConfig(configText, configPath);
  const id = found.id ?? config.gateway.id;
  refuseStray(GATEWAY_ROLE, found, config, options);
  const attempt = `Cannot export gateway ${id}`;
  if (exists(file)) throw new OperatorError(`${attempt}: ${file} exists already`, ExitCode.CANNOT_CREATE);
  using _ = await lockInboxes(attempt, config.clientsEndpoint.inboxesDirectory);
  refuseMove(attempt, config.clientsEndpoint.inboxesDirectory);
  const keys = readKeyPair(config.gateway);
  const storageKey = findStorageKey(config.gateway.storageKeyFile);
  const passphrase = await readPassphrase(options, true);
  const began = performance.now();
  let items: ExportedItems;
  let bytes: number;
  try {
    using progress = new Progress();
    const show = (line: () => string) => {
      signal.throwIfAborted();
      progress.show(line);
    };
    await using workspace = config.storage.kind === "embedded" ? undefined : await Workspace.open(copyOf(file));
    const { damaged, ...databases } = workspace === undefined
      ? { ...filesOf(config), damaged: 0 }
      : await copyDatabase(workspace.path, attempt, config, storageKey, show);
    items = new ExportedItems(id, configText, config, storageKey, databases);
    if (damaged > 0) items.damaged.add("mailbox");
    const onWritten = (written: number) => show(() => `Exporting: ${items.entries} entries, ${sizeText(written)}`);
    bytes = await writeArchive(file, passphrase, items, { onWritten });
  } catch (error) {
    if (error instanceof Interrupted || error instanceof OperatorError) throw error;
    throw fileError(`${attempt} to ${file}`, error, ExitCode.INPUT_OUTPUT);
  }
  printTransfer(options, `Exported gateway ${id} to ${JSON.stringify(file)}.`, {
    id,
    file,
    publicKey: encodeBase58(keys.publicKey),
    clients: items.clients,
    messages: items.messages,
    entries: items.entries,
    bytes,
    seconds: (performance.now() - began) / 1000,
    notes: notesOn(config, items),
  });
}

/** Throws an OperatorError if part of the mail may be in another store, because a move has not finished. */
function refuseMove(attempt: string, inboxesDirectory: string): void {
  let move: string | undefined;
  try {
    move = moveInTheWay(inboxesDirectory);
  } catch (error) {
    throw fileError(`${attempt}: cannot read ${moveFile(inboxesDirectory)}`, error, ExitCode.INPUT_OUTPUT);
  }
  if (move !== undefined) throw new OperatorError(`${attempt}: ${move}`, ExitCode.CONFIGURATION);
}

/** The paths of a gateway's databases, when these are files. */
function filesOf({ clientsEndpoint }: Config): Record<Database, string> {
  return {
    ledger: ledgerFile(clientsEndpoint.ledgerPath),
    mailbox: mailboxFile(clientsEndpoint.inboxesDirectory),
  };
}

/** The folder for the copy of a database, beside its export; a name that nobody else gives, since what is there is removed. */
function copyOf(file: string): string {
  return join(dirname(file), `.nym-gateway-export-${basename(file)}`);
}

/**
 * Copies what a PostgreSQL database holds into files in a folder, except for messages that can't be read. `show` is called
 * often; what it throws ends that.
 */
async function copyDatabase(
  folder: string,
  attempt: string,
  config: Config,
  storageKey: Uint8Array,
  show: (line: () => string) => void,
): Promise<Record<Database, string> & { damaged: number }> {
  const { MovablePostgresql } = await import("../../postgresql/movable.ts");
  const sealer = new Sealer(storageKey);
  const showing = (what: string): OnMoved => (_, messages) => show(() => `${what}: ${plural(messages, "message")}`);
  try {
    await using source = await MovablePostgresql.open(databaseOptions(config.storage), sealer);
    const [ledger, mailbox] = [join(folder, "ledger.kv"), mailboxFile(folder)];
    await using target = await MovableKv.open(mailbox, ledger, sealer);
    await copyMail(source, target, sealer, undefined, showing("Copying"));
    await verifyMail(source, target, sealer, showing("Verifying"));
    return { ledger, mailbox, damaged: source.damaged };
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    throw fileError(`${attempt}: cannot copy the database "${config.storage.url}"`, error, ExitCode.INPUT_OUTPUT);
  }
}

function notesOn({ clientsEndpoint }: Config, { damaged }: ExportedItems): string[] {
  const { tlsCertificate, tlsKey } = clientsEndpoint;
  const elsewhere = storageKeyElsewhere();
  return [
    "Anyone with this file and its passphrase can read the gateway's mail and impersonate the gateway.",
    ...(elsewhere === undefined ? [] : [`The storage key, kept in ${elsewhere}, is in the file too.`]),
    ...(tlsCertificate === "" ? [] : [`The TLS certificate and its key are not in it: ${tlsCertificate}, ${tlsKey}.`]),
    ...Array.from(
      damaged,
      (name) => `The database of the ${name} is damaged: what could not be read is not in the file.`,
    ),
  ];
}
