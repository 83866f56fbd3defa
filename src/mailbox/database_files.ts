import { join } from "node:path";

/** The path of the embedded mailbox's database, in the folder of the inboxes. */
export function mailboxFile(inboxesDirectory: string): string {
  return join(inboxesDirectory, "mailbox.kv");
}

/** A gateway's databases that are sealed with its storage key, at the configured paths. */
export function sealedFiles(
  { inboxesDirectory, ledgerPath }: { readonly inboxesDirectory: string; readonly ledgerPath: string },
): string[] {
  return [mailboxFile(inboxesDirectory), ledgerPath.replace(/\.sled$/, ".kv")];
}
