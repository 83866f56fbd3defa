import { join } from "node:path";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { testSealer } from "../support/sealer.ts";

/** Opens the mailbox in a folder as a gateway does, always with the same storage key. */
export function openMailbox(folder: string): Promise<Mailbox> {
  return Mailbox.open(join(folder, "mailbox.kv"), testSealer());
}
