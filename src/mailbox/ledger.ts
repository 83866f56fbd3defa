import { addressOf, type ClientId, clientId, clientIdToBase58 } from "./client_id.ts";
import { openDatabase } from "./database.ts";

/** Keys: `["client", address]`; the value says when it registered, in ms since 1970. */
const PREFIX = "client";

/** Who has registered here. Kept whole in memory, as it is asked for every packet, and on disk before any answer. */
export class Ledger {
  readonly #kv: Deno.Kv;
  readonly #clients = new Set<ClientId>();
  readonly #adding = new Map<ClientId, Promise<void>>();
  readonly #entries: { pubKey: string }[] = [];
  #snapshot: readonly { pubKey: string }[] = [];

  private constructor(kv: Deno.Kv) {
    this.#kv = kv;
  }

  /** Opens or makes the ledger's database file. */
  static async open(path: string): Promise<Ledger> {
    const ledger = new Ledger(await openDatabase(path));
    for await (const { key } of ledger.#kv.list({ prefix: [PREFIX] }, { batchSize: 500 })) {
      ledger.#note(clientId(key[1] as Uint8Array));
    }
    return ledger;
  }

  has(id: ClientId): boolean {
    return this.#clients.has(id);
  }

  get size(): number {
    return this.#clients.size;
  }

  /** All clients as presence announces them (spec §6): the same array as long as there is no new one. */
  registered(): readonly { pubKey: string }[] {
    if (this.#snapshot.length !== this.#entries.length) this.#snapshot = this.#entries.slice();
    return this.#snapshot;
  }

  /** Registers a client: false when it is registered already. Resolves once it is on the disk. */
  async add(id: ClientId): Promise<boolean> {
    if (this.#clients.has(id)) return false;
    const adding = this.#adding.get(id);
    if (adding !== undefined) {
      await adding;
      return false;
    }
    const write = this.#kv.set([PREFIX, addressOf(id)], Date.now()).then(() => this.#note(id));
    this.#adding.set(id, write);
    try {
      await write;
    } finally {
      this.#adding.delete(id);
    }
    return true;
  }

  [Symbol.dispose](): void {
    this.#kv.close();
  }

  #note(id: ClientId): void {
    this.#clients.add(id);
    this.#entries.push({ pubKey: clientIdToBase58(id) });
  }
}
