import { type ClientId, clientId } from "../../src/mailbox/client_id.ts";
import type { Mailbox } from "../../src/mailbox/mailbox.ts";
import { MAX_MESSAGE_SIZE } from "../../src/sphinx/constants.ts";
import { range, readAll } from "../mailbox/messages.ts";
import { Random } from "../support/random.ts";

/** Clients whose inboxes are watched. */
export const CLIENTS = 3;

const NUMBER_SIZE = 4;

/** Up to which number a client's messages are stored and confirmed; 0: none. */
export interface Progress {
  stored: number;
  confirmed: number;
}

/** What a gateway that was killed had said: what it was about to do at most, and what it had on the disk. */
export interface Account {
  intended: Progress[];
  done: Progress[];
}

export function watched(client: number): ClientId {
  return clientId(new Uint8Array(32).fill(client + 1));
}

/** The message of this number: all of its bytes follow from it, so that one torn byte shows. */
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

/** A line that a gateway says, and that {@linkcode note} takes down. */
export function line(kind: "intended" | "done", progress: readonly Progress[]): string {
  return `${kind} ${progress.map(({ stored, confirmed }) => `${stored}/${confirmed}`).join(" ")}\n`;
}

/** Takes a line into the account. What was done had been intended. */
export function note(account: Account, text: string): void {
  const match = /^(intended|done) (.*)$/.exec(text);
  if (match === null) return;
  account[match[1] as keyof Account] = match[2]!.split(" ").map((each) => {
    const [stored, confirmed] = each.split("/").map(Number);
    return { stored: stored!, confirmed: confirmed! };
  });
}

/**
 * Compares the inboxes with the account: what was stored and not confirmed is there, in order and untorn; what was
 * confirmed is gone; what was under way may be either, but without a gap.
 *
 * @returns what is there now, as the next account starts from
 * @throws {Error} that says what is wrong
 */
export async function compare({ intended, done }: Account, mailbox: Mailbox): Promise<Progress[]> {
  const found: Progress[] = [];
  for (const client of range(CLIENTS)) {
    const reader = mailbox.openInbox(watched(client), () => {});
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

/** Judges the numbers of the messages that an inbox holds. */
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
