import { type ClientId, clientId } from "../../src/mailbox/client_id.ts";
import type { MessageStore } from "../../src/mailbox/message_store.ts";
import { MAX_MESSAGE_SIZE } from "../../src/sphinx/constants.ts";
import { range, readAll } from "../mailbox/messages.ts";
import { Random } from "../support/random.ts";

/** The number of clients whose inboxes are checked. */
export const CLIENTS = 3;

const NUMBER_SIZE = 4;

/** The last stored and the last confirmed message of a client; 0: none. */
export interface Progress {
  stored: number;
  confirmed: number;
}

/** What a killed gateway had reported: the most that it was about to do, and what was on the disk. */
export interface Account {
  intended: Progress[];
  done: Progress[];
}

export function watched(client: number): ClientId {
  return clientId(new Uint8Array(32).fill(client + 1));
}

/** The message with this number, which determines all its bytes, so that a torn message is detected. */
export function messageOf(client: number, number: number): Uint8Array<ArrayBuffer> {
  const random = new Random(number * CLIENTS + client);
  const message = random.bytes(random.between(NUMBER_SIZE, MAX_MESSAGE_SIZE));
  new DataView(message.buffer).setUint32(0, number);
  return message;
}

export function newAccount(): Account {
  const none = () => range(CLIENTS).map(() => ({ stored: 0, confirmed: 0 }));
  return { intended: none(), done: none() };
}

/** A line that a gateway prints for {@linkcode note}. */
export function line(kind: "intended" | "done", progress: readonly Progress[]): string {
  return `${kind} ${progress.map(({ stored, confirmed }) => `${stored}/${confirmed}`).join(" ")}\n`;
}

/** Records a line. Everything done had been intended. */
export function note(account: Account, text: string): void {
  const match = /^(intended|done) (.*)$/.exec(text);
  if (match === null) return;
  account[match[1] as keyof Account] = match[2]!.split(" ").map((each) => {
    const [stored, confirmed] = each.split("/").map(Number);
    return { stored: stored!, confirmed: confirmed! };
  });
}

/**
 * Compares the inboxes with the account. Messages stored and not confirmed must exist, in order and intact. Confirmed
 * ones must be gone. Those in progress may be either, but without a gap.
 *
 * @returns the progress now, for the next account to start from
 * @throws {Error} that says what is wrong
 */
export async function compare({ intended, done }: Account, mailbox: MessageStore): Promise<Progress[]> {
  const found: Progress[] = [];
  for (const client of range(CLIENTS)) {
    const reader = mailbox.openInbox(watched(client), () => {}, () => {});
    const numbers = (await readAll(reader)).map(({ message }) => verifiedNumber(client, message));
    reader.close();
    found.push(judge(numbers, intended[client]!, done[client]!, `client ${client}`));
  }
  return found;
}

function verifiedNumber(client: number, message: Uint8Array): number {
  if (message.length < NUMBER_SIZE) throw new Error(`client ${client}: a message of ${message.length} bytes`);
  const number = new DataView(message.buffer, message.byteOffset).getUint32(0);
  if (message.toHex() !== messageOf(client, number).toHex()) throw new Error(`client ${client}: ${number} is torn`);
  return number;
}

/** Checks the numbers of the messages in an inbox. */
export function judge(numbers: readonly number[], intended: Progress, done: Progress, whose: string): Progress {
  const gap = numbers.findIndex((number, i) => i > 0 && number !== numbers[i - 1]! + 1);
  if (gap > 0) throw new Error(`${whose}: ${numbers[gap]} follows ${numbers[gap - 1]}`);
  if (numbers.length === 0 && done.stored > Math.max(intended.confirmed, done.confirmed)) {
    throw new Error(`${whose}: empty, though ${done.stored} was stored`);
  }
  const first = numbers[0] ?? Math.max(done.stored, intended.confirmed) + 1;
  const last = numbers.at(-1) ?? first - 1;
  if (first <= done.confirmed) throw new Error(`${whose}: ${first} is back, though ${done.confirmed} was confirmed`);
  if (first > Math.max(intended.confirmed, done.confirmed) + 1) {
    throw new Error(`${whose}: starts with ${first}, though only ${intended.confirmed} was to be confirmed`);
  }
  if (last < done.stored) throw new Error(`${whose}: ends with ${last}, though ${done.stored} was stored`);
  if (last > Math.max(intended.stored, done.stored)) throw new Error(`${whose}: ${last} was never sent`);
  return { stored: last, confirmed: first - 1 };
}
