import type { Config } from "../config/config.ts";
import { databaseOptions } from "../config/database_options.ts";
import { exists, readConfig } from "../config/files.ts";
import { findStorageKey } from "../config/storage_key_file.ts";
import { mailboxFile } from "../mailbox/database_files.ts";
import { holdsInboxes070 } from "../mailbox/import_070.ts";
import { type InboxSummary, inventory, SHOWN } from "../mailbox/inventory.ts";
import { Sealer } from "../mailbox/sealing.ts";
import { ExitCode, fileError } from "../errors/operator_error.ts";
import { findHome } from "./homes/home.ts";
import type { Options } from "./options/options.ts";
import { GATEWAY_ROLE } from "./role.ts";
import { print, printText } from "./output/output.ts";
import { paint } from "./output/paint.ts";
import { plural } from "../text/plural.ts";
import { durationText, sizeText } from "../text/units.ts";

/** Most inboxes of a database that are listed: the largest. */
const MOST_OF_DATABASE = 1000;

/**
 * Prints how much mail is waiting in each inbox, the biggest first.
 * @throws {OperatorError} if the mailbox can't be read
 */
export async function inboxes(options: Options): Promise<void> {
  const { gateway, clientsEndpoint, storage } = readConfig(findHome(GATEWAY_ROLE, options).configPath);
  const path = mailboxFile(clientsEndpoint.inboxesDirectory);
  const { found, ...total } = storage.kind === "postgresql"
    ? await readDatabase(storage)
    : summed(exists(path) ? await readInventory(path, gateway.storageKeyFile) : []);
  if (options.output === "json") return printText(JSON.stringify({ ...total, each: found }, undefined, 2));
  const is070There = await holdsInboxes070(clientsEndpoint.inboxesDirectory).catch(() => false);
  if (is070There) {
    print(` ${clientsEndpoint.inboxesDirectory} holds inboxes of a 0.7.0 gateway, which the next start takes over.`);
  }
  if (found.length === 0) return print(` No ${is070There ? "other " : ""}mail is waiting.`);
  print(paint("bold", row("inbox", "messages", "size", "oldest")));
  for (const { inbox, messages, bytes, oldest, damaged } of found) {
    const note = damaged === 0 ? "" : paint("red", `  ${damaged} damaged`);
    print(`${row(inbox, `${messages}`, sizeText(bytes), age(oldest))}${note}`);
  }
  const all = plural(total.inboxes, "inbox", "inboxes");
  print(paint("bold", row(all, `${total.messages}`, sizeText(total.bytes), age(total.oldest))));
  if (found.length < total.inboxes) print(` The ${found.length} largest are listed.`);
}

/** The largest inboxes, in that order, and figures of all, including those not listed. */
interface Found {
  readonly found: readonly InboxSummary[];
  readonly inboxes: number;
  readonly messages: number;
  readonly bytes: number;
  readonly oldest: number;
  readonly damaged: number;
}

function summed(all: readonly InboxSummary[]): Found {
  const sum = (of: "messages" | "bytes" | "damaged") => all.reduce((sum, inbox) => sum + inbox[of], 0);
  return {
    found: all.toSorted((a, b) => b.bytes - a.bytes),
    inboxes: all.length,
    messages: sum("messages"),
    bytes: sum("bytes"),
    oldest: all.reduce((oldest, each) => Math.max(oldest, each.oldest ?? 0), 0),
    damaged: sum("damaged"),
  };
}

async function readInventory(path: string, storageKeyFile: string) {
  const sealer = new Sealer(findStorageKey(storageKeyFile));
  try {
    return await Array.fromAsync(inventory(path, sealer));
  } catch (error) {
    throw fileError(`Cannot read the mailbox "${path}"`, error, ExitCode.INPUT_OUTPUT);
  }
}

/** The largest inboxes of a database, which may have millions. */
async function readDatabase(storage: Config["storage"]): Promise<Found> {
  const { inboxesIn } = await import("../postgresql/inspection.ts");
  try {
    const { largest, total } = await inboxesIn(databaseOptions(storage), MOST_OF_DATABASE);
    const found = largest.map(({ inbox, ...figures }) => ({ ...figures, inbox: inbox.slice(0, SHOWN), damaged: 0 }));
    return { found, ...total, damaged: 0 };
  } catch (error) {
    throw fileError(`Cannot read the database "${storage.url}"`, error, ExitCode.INPUT_OUTPUT);
  }
}

function row(inbox: string, messages: string, size: string, oldest: string): string {
  return ` ${inbox.padEnd(14)}${messages.padStart(10)}${size.padStart(12)}${oldest.padStart(14)}`;
}

function age(ms: number | undefined): string {
  return ms === undefined ? "–" : durationText(ms);
}
