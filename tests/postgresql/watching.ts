import type { Inbox } from "../../src/mailbox/message_store.ts";
import type { PostgresqlMailbox } from "../../src/postgresql/mailbox.ts";
import { client, numberOf, readAll } from "../mailbox/messages.ts";

/** Counts by name. */
export function counting(): { counts: Record<string, number>; count: (name: string, n?: number) => void } {
  const counts: Record<string, number> = {};
  return { counts, count: (name, n = 1) => counts[name] = (counts[name] ?? 0) + n };
}

/** Reads an inbox for as long as it nudges. */
export class Watching {
  readonly got: number[] = [];
  /** the numbers by which the client knows them */
  readonly numbers: number[] = [];
  isSuperseded = false;
  last = 0;
  #reading: Promise<void> | undefined;
  readonly inbox: Inbox;

  constructor(mailbox: PostgresqlMailbox, n: number) {
    this.inbox = mailbox.openInbox(client(n), () => this.#nudged(), () => this.isSuperseded = true);
  }

  #nudged(): void {
    this.#reading ??= this.#read();
  }

  async #read(): Promise<void> {
    do {
      for (const { message, sequence, number = sequence } of await readAll(this.inbox)) {
        this.got.push(numberOf(message));
        this.numbers.push(number);
        this.last = sequence;
      }
    } while (this.inbox.isBehind);
    this.#reading = undefined;
  }
}
