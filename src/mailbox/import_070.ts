import { dirname, join } from "node:path";
import { logger } from "../logging/log.ts";
import { MAX_MESSAGE_SIZE } from "../sphinx/constants.ts";
import { type ClientId, clientIdFromBase58 } from "./client_id.ts";
import { ledgerDatabase } from "./database_files.ts";
import type { Ledger } from "./ledger.ts";
import type { MessageStore } from "./message_store.ts";

const log = logger("nym_gateway::mailbox");

/** The number of messages committed, and then removed from 0.7.0's folder, at a time. */
const BATCH = 500;
/** Progress is reported after this many messages. */
const REPORT_EVERY = 10_000;

/** The path of our ledger's file for a configured `ledger_path`; says so if 0.7.0's is there, which stays unchanged. */
export function ledgerFile(configuredPath: string): string {
  const file = ledgerDatabase(configuredPath);
  if (file === configuredPath) return file;
  log.info(`the ledger "${configuredPath}" belongs to the 0.7.0 gateway and stays unchanged: ours is "${file}"`);
  return file;
}

/**
 * Imports the inboxes of a 0.7.0 gateway: `<folder>/<client base58>/<name>`, one file per message. Each client that has
 * a folder is registered; its messages go into the mailbox in order of modification time, then of name, and a file is
 * removed only once its message is on the disk. After an interruption the next start continues: a message may then be
 * delivered twice, but none is lost. Files that cannot be messages stay, and so does everything that cannot be read or
 * removed, or exceeds the limits: the next start retries those.
 *
 * @param stored how many messages the mailbox has stored so far; nothing else may use it meanwhile
 * @returns how many messages were imported
 */
export async function importInboxes(
  folder: string,
  mailbox: MessageStore,
  ledger: Ledger,
  stored: () => number,
): Promise<number> {
  let imported = 0;
  let clients = 0;
  let unregistered = 0;
  for (const [id, inbox] of inboxes070(folder)) {
    clients++;
    if (!await ledger.establish(id)) unregistered++;
    try {
      for await (const taken of importInbox(inbox, id, mailbox, stored)) {
        const before = imported;
        imported += taken;
        if (Math.floor(imported / REPORT_EVERY) > Math.floor(before / REPORT_EVERY)) {
          log.info(`importing the 0.7.0 inboxes: ${imported} messages so far`);
        }
      }
    } catch (error) {
      const hint = error instanceof Deno.errors.PermissionDenied
        ? "; the gateway's user must own the inboxes and all that is in them"
        : "";
      log.warn(`cannot import all of a 0.7.0 inbox (${codeOf(error)}): the rest stays for the next start${hint}`);
    }
  }
  if (clients > 0) log.info(`imported ${imported} messages for ${clients} clients from the 0.7.0 inboxes`);
  if (unregistered > 0) {
    log.warn(`${unregistered} of these clients are not registered: registered_clients in [limits] is too low for them`);
  }
  return imported;
}

/** The inboxes of a 0.7.0 gateway, as they are found: whose each is, and its path. Throws what Deno.readDirSync throws. */
export function* inboxes070(folder: string): Generator<[id: ClientId, path: string]> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const id = isDirectory ? clientIdFromBase58(name) : undefined;
    if (id !== undefined) yield [id, join(folder, name)];
  }
}

/** Whether {@linkcode importInboxes} would import any inbox from `folder`, even an empty one. */
export async function holdsInboxes070(folder: string): Promise<boolean> {
  for (const [, inbox] of inboxes070(folder)) {
    if ((await messageFiles(inbox)).length > 0 || Deno.readDirSync(inbox).next().done) return true;
  }
  return false;
}

/** Imports one inbox in batches; yields the number of messages in each. What is not imported stays. */
async function* importInbox(
  inbox: string,
  id: ClientId,
  mailbox: MessageStore,
  stored: () => number,
): AsyncGenerator<number> {
  const files = await messageFiles(inbox);
  if (files.length > 0) await tryRemoval(files[0]!);
  let isFull = false;
  for (let i = 0; i < files.length && !isFull; i += BATCH) {
    const taken = await importFiles(files.slice(i, i + BATCH), id, mailbox, stored);
    yield taken.count;
    isFull = taken.isFull;
  }
  await Deno.remove(inbox).catch(() => log.warn("a 0.7.0 inbox contains files that were not imported: they stay"));
}

/**
 * Throws if files cannot be removed from this file's folder: each start would deliver their messages once more. The file
 * gets another name and its own again, which takes the same rights; with either name it is imported.
 */
async function tryRemoval(path: string): Promise<void> {
  const other = join(dirname(path), crypto.randomUUID());
  await Deno.rename(path, other);
  await Deno.rename(other, path);
}

/** The files of an inbox, oldest first. */
async function messageFiles(inbox: string): Promise<string[]> {
  const files: { path: string; modified: number }[] = [];
  for await (const entry of Deno.readDir(inbox)) {
    if (!entry.isFile) continue;
    const path = join(inbox, entry.name);
    const { size, mtime } = await Deno.stat(path);
    if (size <= MAX_MESSAGE_SIZE) files.push({ path, modified: mtime?.getTime() ?? 0 });
  }
  files.sort((a, b) => a.modified - b.modified || (a.path < b.path ? -1 : 1));
  return files.map(({ path }) => path);
}

/**
 * Imports these files, up to the first that does not fit: later ones must not overtake it. A store may refuse or lose
 * messages only at their commit: those of one turn go with one, and it keeps the first that fit.
 */
async function importFiles(
  paths: string[],
  id: ClientId,
  mailbox: MessageStore,
  stored: () => number,
): Promise<{ count: number; isFull: boolean }> {
  const messages: { path: string; message: Uint8Array }[] = [];
  for (const path of paths) {
    const message = await Deno.readFile(path).catch((error) => {
      log.warn(`cannot read a message in a 0.7.0 inbox (${codeOf(error)}): it stays for the next start`);
    });
    if (message !== undefined) messages.push({ path, message });
  }
  const before = stored();
  for (const { message } of messages) if (!mailbox.store(id, message)) break;
  await mailbox.flush();
  const count = stored() - before;
  let failure: unknown;
  for (const { path } of messages.slice(0, count)) await Deno.remove(path).catch((error) => failure ??= error);
  if (failure !== undefined) throw failure;
  return { count, isFull: count < messages.length };
}

/** The system's code for a failure. The full text contains the path, and so the client's address. */
function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? (error instanceof Error ? error.name : "unknown");
}
