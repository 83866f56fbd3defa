import { join, resolve } from "node:path";
import { ArchiveError, WrongPassphrase } from "../../archive/archive_error.ts";
import { ArchiveReader } from "../../archive/archive_reader.ts";
import type { Item, Manifest } from "../../archive/contents.ts";
import { exists } from "../../config/files.ts";
import type { Relocated } from "../../config/relocation.ts";
import { storageKeyElsewhere } from "../../config/storage_key_file.ts";
import { encodeBase58 } from "../../encoding/base58.ts";
import { ExitCode, fileError, OperatorError } from "../../errors/operator_error.ts";
import { homesDirectory, nodeId } from "../homes/home.ts";
import { GATEWAY_ROLE } from "../role.ts";
import { Interrupted } from "../../signals/interruption.ts";
import { interruptible } from "./interruption.ts";
import type { Options } from "../options/options.ts";
import { readPassphrase } from "./passphrase.ts";
import { Progress } from "../output/progress.ts";
import { sizeText } from "../../text/units.ts";
import { printTransfer } from "./transfer_summary.ts";
import { type FinishedHome, UnfinishedHome } from "./unfinished_home.ts";

/**
 * Creates a gateway from a file that export wrote. Resolves with the exit code if a signal interrupts it.
 * @throws {OperatorError} if the gateway exists, or the file or the passphrase is wrong; then nothing is left behind
 */
export function importGateway(options: Options): Promise<number | void> {
  return interruptible((signal) => importUntil(signal, options));
}

async function importUntil(signal: AbortSignal, options: Options): Promise<void> {
  const file = resolve(options.file!);
  const root = homesDirectory(GATEWAY_ROLE);
  if (options.id !== undefined) refuseExisting(nodeId(options), root);
  try {
    using archive = await ArchiveReader.open(file);
    await importFrom(archive, file, root, options, signal);
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    throw refusal(`Cannot import ${file}`, error);
  }
}

async function importFrom(
  archive: ArchiveReader,
  file: string,
  root: string,
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  const passphrase = await readPassphrase(options, false);
  const began = performance.now();
  const items = archive.items(passphrase);
  const manifest = await manifestOf(items);
  const id = nodeId({ id: options.id ?? manifest.id });
  refuseExisting(id, root);
  await using home = await UnfinishedHome.create(id, root);
  using progress = new Progress();
  for await (const item of items) {
    signal.throwIfAborted();
    await home.take(item);
    progress.show(() =>
      `Importing: ${Math.floor(100 * archive.position / archive.size)} % of ${sizeText(archive.size)}`
    );
  }
  const keepsOutside = options["keep-outside-paths"] !== undefined;
  const { keys, clients, messages, entries, ...relocated } = await home.finish(keepsOutside);
  progress[Symbol.dispose]();
  const origin = `exported on ${manifest.exported.slice(0, 10)} by nym-gateway ${manifest.version}`;
  printTransfer(options, `Imported gateway ${id} into ${JSON.stringify(join(root, id))}, ${origin}.`, {
    id,
    file,
    publicKey: encodeBase58(keys.publicKey),
    clients,
    messages,
    entries,
    bytes: archive.size,
    seconds: (performance.now() - began) / 1000,
    notes: notesOn(id, relocated, keepsOutside),
  });
}

async function manifestOf(items: AsyncGenerator<Item, void>): Promise<Manifest> {
  const { value } = await items.next();
  if (value?.kind === "manifest") return value.manifest;
  throw new ArchiveError("it has no manifest");
}

function refuseExisting(id: string, root: string): void {
  const folder = join(root, id);
  if (!exists(folder)) return;
  throw new OperatorError(
    `Cannot import gateway ${id}: ${folder} exists already; choose another --id, or move that folder away`,
    ExitCode.CANNOT_CREATE,
  );
}

function refusal(attempt: string, error: unknown): OperatorError {
  if (error instanceof OperatorError) return error;
  if (error instanceof WrongPassphrase) {
    return new OperatorError(`${attempt}: ${error.message}`, ExitCode.NO_PERMISSION);
  }
  if (error instanceof ArchiveError) {
    return new OperatorError(`${attempt}: ${error.message}; nothing was imported`, ExitCode.BAD_DATA);
  }
  if (error instanceof Deno.errors.Busy) {
    return new OperatorError(`${attempt}: another import under that name is in progress`, ExitCode.UNAVAILABLE);
  }
  return fileError(attempt, error, ExitCode.INPUT_OUTPUT);
}

function notesOn(
  id: string,
  { moved, outside, wasInDatabase }: Relocated & Pick<FinishedHome, "wasInDatabase">,
  keepsOutside: boolean,
): string[] {
  const elsewhere = storageKeyElsewhere();
  return [
    ...moved.map(({ key, path }) => `${key} was ${path}, outside the gateway's folder: it is in that folder now.`),
    ...outside.map(({ key, path }) =>
      keepsOutside
        ? `${key} is ${path}, unchanged: copy what is not on this machine yet.`
        : `${key} was ${path}, outside the gateway: it was reset; --keep-outside-paths keeps it.`
    ),
    ...(wasInDatabase
      ? ["Its mail was in a database, and is in files now; `nym-gateway storage move --to postgresql` takes it to one."]
      : []),
    ...(elsewhere === undefined
      ? []
      : [`The environment makes \`run\` use the storage key in ${elsewhere}: it must be this gateway's.`]),
    `Never start it anywhere else again: two gateways with the same key would each get part of the mail.`,
    `Its addresses are unchanged: \`nym-gateway check --id ${id}\` says whether they work here.`,
  ];
}
