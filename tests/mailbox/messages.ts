import { type ClientId, clientId } from "../../src/mailbox/client_id.ts";
import type { StoredMessage } from "../../src/mailbox/fresh.ts";
import type { Inbox } from "../../src/mailbox/message_store.ts";

/** A test's n-th client. */
export function client(n: number): ClientId {
  const address = new Uint8Array(32); // zeros take the most space in a key
  new DataView(address.buffer).setUint32(28, n);
  return clientId(address);
}

/** A message of `size` bytes (at least 4) that contains its number. */
export function numbered(number: number, size = 40): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(size).fill(number);
  new DataView(message.buffer).setUint32(0, number);
  return message;
}

export function numberOf(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset).getUint32(0);
}

/** 0, 1, 2 … */
export function range(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

/** All messages that a reader has for now. */
export async function readAll(reader: Inbox): Promise<StoredMessage[]> {
  const all: StoredMessage[] = [];
  for (let some = await reader.next(); some.length > 0; some = await reader.next()) all.push(...some);
  return all;
}

export async function readNumbers(reader: Inbox): Promise<number[]> {
  return (await readAll(reader)).map(({ message }) => numberOf(message));
}
