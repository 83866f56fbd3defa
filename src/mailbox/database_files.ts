import { basename, dirname, join } from "node:path";

/** The path of the embedded mailbox's database, in the folder of the inboxes. */
export function mailboxFile(inboxesDirectory: string): string {
  return join(inboxesDirectory, "mailbox.kv");
}

/**
 * The path of our ledger's database for a configured `ledger_path`. 0.7.0's ledger is a sled database, a folder: ours is
 * beside it.
 */
export function ledgerDatabase(ledgerPath: string): string {
  if (!ledgerPath.endsWith(".sled") && !isFolder(ledgerPath)) return ledgerPath;
  return join(dirname(ledgerPath), `${basename(ledgerPath, ".sled")}.kv`);
}

/** A gateway's databases that are sealed with its storage key, at the configured paths. */
export function sealedFiles(
  { inboxesDirectory, ledgerPath }: { readonly inboxesDirectory: string; readonly ledgerPath: string },
): string[] {
  return [mailboxFile(inboxesDirectory), ledgerDatabase(ledgerPath)];
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // what opens it will say why
  }
}
