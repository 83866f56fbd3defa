import { clientId } from "../../mailbox/client_id.ts";
import { Sealer } from "../../mailbox/sealing.ts";
import { Server, type ServerOptions } from "../../postgresql/server.ts";
import { pause } from "../../timing/pause.ts";

/** ms between two polls */
const INTERVAL = 50;
/** ms until the database must answer a poll */
const DEADLINE = 1000;

/**
 * Notes which messages for a client are committed, from outside the gateways. What a poll has found was on a second node
 * already: a primary that replicates synchronously shows nothing earlier.
 */
export class Watch implements AsyncDisposable {
  /** messages by the id of what was committed together */
  readonly #committed = new Map<string, number>();
  readonly #server: Server;
  readonly #closing = new AbortController();
  readonly #looking: Promise<void>;
  #last = 0;
  #changedAt = performance.now();

  /** Begins to poll. `client`: its public key. Nothing must be confirmed meanwhile. */
  constructor(options: ServerOptions, storageKey: Uint8Array, client: Uint8Array) {
    this.#server = new Server(options, DEADLINE);
    this.#looking = this.#look(new Sealer(storageKey).pseudonym(clientId(client)));
  }

  /** How many messages are committed. */
  get messages(): number {
    return [...this.#committed.values()].reduce((sum, messages) => sum + messages, 0);
  }

  /** When the latest commit was found, in ms of performance.now(). */
  get changedAt(): number {
    return this.#changedAt;
  }

  /** How many messages that were committed once are no longer there. */
  async lost(): Promise<number> {
    const rows = await this.#server.run((sql) =>
      sql<{ id: string }[]>`select encode(id, 'hex') as id from nym_gateway.chunks`
    );
    const there = new Set(rows.map(({ id }) => id));
    return [...this.#committed].filter(([id]) => !there.has(id)).reduce((sum, [, messages]) => sum + messages, 0);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#server[Symbol.asyncDispose]();
    await this.#looking;
  }

  async #look(inbox: string): Promise<void> {
    const { signal } = this.#closing;
    for (; !signal.aborted; await pause(INTERVAL, signal)) {
      const look = this.#server.run((sql) =>
        sql<{ id: string; last: string; messages: string }[]>`
          select encode(id, 'hex') as id, last, messages from nym_gateway.chunks
            where inbox = decode(${inbox}::text, 'hex') and last > ${String(this.#last)}::text::bigint`
      );
      for (const { id, last, messages } of await look.catch(() => [])) {
        this.#committed.set(id, Number(messages));
        this.#last = Math.max(this.#last, Number(last));
        this.#changedAt = performance.now();
      }
    }
  }
}
