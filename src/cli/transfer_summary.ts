import type { Options } from "./options.ts";
import { print, printText } from "./output.ts";
import { paint } from "./paint.ts";
import { sizeText } from "../text/units.ts";

/** What an export or an import has moved. */
export interface Transfer {
  readonly id: string;
  readonly file: string;
  /** base58 */
  readonly publicKey: string;
  readonly clients: number;
  readonly messages: number;
  /** of the databases */
  readonly entries: number;
  /** of the file */
  readonly bytes: number;
  readonly seconds: number;
  /** what the operator has to know */
  readonly notes: readonly string[];
}

/** Prints what was moved, with `head` above it, or an object as JSON. */
export function printTransfer(options: Options, head: string, transfer: Transfer): void {
  if (options.output === "json") return printText(JSON.stringify(transfer, undefined, 2));
  const { publicKey, clients, messages, bytes, seconds, notes } = transfer;
  const rows = [
    ["public key", publicKey],
    ["clients", `${clients}`],
    ["messages", `${messages}`],
    ["file", `${sizeText(bytes)}, in ${seconds.toFixed(1)} s`],
  ] as const;
  print(head);
  for (const [name, value] of rows) print(` ${paint("bold", name.padEnd(11))} ${value}`);
  for (const note of notes) print(` ${paint("yellow", "!")} ${note}`);
}
