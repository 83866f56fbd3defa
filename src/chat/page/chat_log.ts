import { createStore, del, entries, set, type UseStore } from "idb-keyval";
import type { PendingMessage } from "../../conversation/mod.ts";

/** A line of the chat. */
export interface Entry {
  /** a UUID: the same in both windows */
  readonly id: string;
  /** Own: the conversation's id of the message that carries it; undefined until the conversation has it. */
  readonly message?: string;
  /** Whether it is from this window. */
  readonly isOwn: boolean;
  /** ms since 1970, when it was sent or received */
  readonly at: number;
  /** if it is not a picture */
  readonly text?: string;
  /** a JPEG or PNG file */
  readonly picture?: Blob;
  /** Own: packets that it took; 0 until they are counted. */
  readonly packets: number;
  /** that of others is always `read` */
  readonly state: EntryState;
}

/**
 * - `sealed`: encrypted, and still here
 * - `mix`: on its way, as far as this side knows
 * - `mailbox`: the delays that this side chose are over: it should be in the mailbox of the other
 * - `read`: the other window has it
 */
export type EntryState = "sealed" | "mix" | "mailbox" | "read";

/** What the page of a window shows after it was reloaded. Keys are the order. */
export class ChatLog {
  readonly #store: UseStore;
  readonly #keys = new Map<string, number>();
  #next = 0;

  /** `name`: of its database */
  constructor(name: string) {
    this.#store = createStore(name, "entries");
  }

  /** All lines, the oldest first. To be called once, before `put`. */
  async load(): Promise<Entry[]> {
    const stored = (await entries<number, Entry>(this.#store)).sort(([a], [b]) => a - b);
    for (const [key, { id }] of stored) this.#keys.set(id, key);
    this.#next = (stored.at(-1)?.[0] ?? -1) + 1;
    return stored.map(([, entry]) => entry);
  }

  /** Stores a new line, or what has changed in one. */
  async put(entry: Entry): Promise<void> {
    const key = this.#keys.get(entry.id) ?? this.#next++;
    this.#keys.set(entry.id, key);
    await set(key, entry, this.#store);
  }

  /** Removes a line. */
  async remove({ id }: Entry): Promise<void> {
    await del(this.#keys.get(id)!, this.#store);
  }
}

/**
 * An own line that the conversation has, now that it says what is pending of it: undefined if nothing. `isTravelling`: a packet that
 * was sent before now has not got through its delays.
 */
export function advanced(entry: Entry, pending: PendingMessage | undefined, isTravelling: boolean): Entry {
  if (entry.message === undefined || entry.state === "read") return entry;
  const state = !pending ? "read" : pending.sent < pending.packets ? "sealed" : isTravelling ? "mix" : "mailbox";
  const packets = Math.max(entry.packets, pending?.packets ?? 0);
  return state === entry.state && packets === entry.packets ? entry : { ...entry, state, packets };
}
