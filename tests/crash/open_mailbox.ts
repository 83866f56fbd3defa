import { mailboxFile } from "../../src/mailbox/database_files.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { requireCovered } from "../mailbox/covered.ts";
import { onDisk } from "../mailbox/on_disk.ts";
import { testSealer } from "../support/sealer.ts";

/** Opens the mailbox in a folder as a gateway does, always with the same storage key. */
export function openMailbox(folder: string): Promise<Mailbox> {
  return Mailbox.open(mailboxFile(folder), testSealer());
}

/** Checks what a killed process has left there, and opens it as {@linkcode openMailbox} does. */
export async function openLeftMailbox(folder: string): Promise<Mailbox> {
  await onDisk(mailboxFile(folder), requireCovered);
  return await openMailbox(folder);
}
