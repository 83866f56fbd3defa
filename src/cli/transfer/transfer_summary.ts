import type { Options } from "../options/options.ts";
import { print, printText } from "../output/output.ts";
import { paint } from "../output/paint.ts";
import { sizeText } from "../../text/units.ts";

/** The result of an export or an import. */
export interface Transfer {
  /** the gateway's name; after an import, its new name */
  readonly id: string;
  /** the path of the sealed file */
  readonly file: string;
  /** the gateway's, in base58 */
  readonly publicKey: string;
  /** how many are registered */
  readonly clients: number;
  /** how many are waiting */
  readonly messages: number;
  /** entries of the databases */
  readonly entries: number;
  /** the size of the file */
  readonly bytes: number;
  /** how long it took */
  readonly seconds: number;
  /** what the operator should know */
  readonly notes: readonly string[];
}

/** Prints the result below `head`, or as a JSON object. */
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
