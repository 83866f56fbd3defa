import { join } from "node:path";
import { exists, readConfig } from "../config/files.ts";
import { loadStorageKey } from "../config/storage_key_file.ts";
import { inventory } from "../mailbox/inventory.ts";
import { Sealer } from "../mailbox/sealing.ts";
import { ExitCode, fileError } from "../operator_error.ts";
import { gatewayConfigPath } from "./home.ts";
import type { Options } from "./options.ts";
import { print } from "./output.ts";
import { paint } from "./paint.ts";
import { sizeOf } from "./size_of.ts";

/** Prints what waits in each inbox, the biggest first. Throws an OperatorError when the mailbox can't be read. */
export async function inboxes(options: Options): Promise<void> {
  const { gateway, clientsEndpoint } = readConfig(options.config ?? gatewayConfigPath(options));
  const path = join(clientsEndpoint.inboxesDirectory, "mailbox.kv");
  const found = exists(path) ? await readInventory(path, gateway.storageKeyFile) : [];
  found.sort((a, b) => b.bytes - a.bytes);
  const sum = (of: "messages" | "bytes" | "damaged") => found.reduce((sum, inbox) => sum + inbox[of], 0);
  const total = { inboxes: found.length, messages: sum("messages"), bytes: sum("bytes"), damaged: sum("damaged") };
  if (options.output === "json") return print(JSON.stringify({ ...total, each: found }, undefined, 2));
  if (found.length === 0) return print(" No message waits for its client.");
  print(paint("bold", ` ${"inbox".padEnd(14)}${"messages".padStart(10)}${"size".padStart(12)}`));
  for (const { inbox, messages, bytes, damaged } of found) {
    const note = damaged === 0 ? "" : paint("red", `  ${damaged} damaged`);
    print(` ${inbox.padEnd(14)}${String(messages).padStart(10)}${sizeOf(bytes).padStart(12)}${note}`);
  }
  const all = found.length === 1 ? "1 inbox" : `${found.length} inboxes`;
  print(paint("bold", ` ${all.padEnd(14)}${String(total.messages).padStart(10)}${sizeOf(total.bytes).padStart(12)}`));
}

async function readInventory(path: string, storageKeyFile: string) {
  try {
    return await Array.fromAsync(inventory(path, new Sealer(loadStorageKey(storageKeyFile))));
  } catch (error) {
    throw fileError(`Cannot read the mailbox "${path}"`, error, ExitCode.INPUT_OUTPUT);
  }
}
