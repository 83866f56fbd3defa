import type { Count } from "../counting/counters.ts";
import { addressOf, type ClientId, clientId, clientIdToBase58 } from "./client_id.ts";
import { logger } from "../logging/log.ts";
import { ADDRESS_SIZE } from "../sphinx/constants.ts";
import { openDatabase } from "./database.ts";
import { ALL, entriesOf } from "./entries.ts";
import { bytesOfPseudonym } from "./pseudonym.ts";
import type { Sealer } from "./sealing.ts";

const log = logger("nym_gateway::mailbox");

/** Keys: `["client", pseudonym]`; the value, sealed, is the address (32) ‖ when it registered, in ms since 1970 (8). */
export const CLIENT = "client";
const CONTEXT = new TextEncoder().encode(CLIENT);

/** Who has registered here. Kept whole in memory, as it is asked for every packet, and on disk before any answer. */
export class Ledger {
  readonly #kv: Deno.Kv;
  readonly #sealer: Sealer;
  readonly #clients = new Set<ClientId>();
  readonly #adding = new Map<ClientId, Promise<void>>();
  readonly #entries: { pubKey: string }[] = [];
  #snapshot: readonly { pubKey: string }[] = [];

  private constructor(kv: Deno.Kv, sealer: Sealer) {
    this.#kv = kv;
    this.#sealer = sealer;
  }

  /** Opens or makes the ledger's database file. `count` is told of entries that are damaged. */
  static async open(path: string, sealer: Sealer, count: Count = () => {}): Promise<Ledger> {
    const ledger = new Ledger(await openDatabase(path, sealer), sealer);
    let damaged = 0;
    const onDamaged = () => {
      damaged++;
      count("ledger_entries_damaged");
    };
    for await (const { key, value } of entriesOf(ledger.#kv, { prefix: [CLIENT] }, ALL, onDamaged)) {
      const entry = sealer.open(value, contextOf(key[1] as Uint8Array));
      if (entry === undefined) onDamaged();
      else ledger.#note(clientId(entry.subarray(0, ADDRESS_SIZE)));
    }
    if (damaged > 0) log.error(`${damaged} of the ledger's clients are damaged: they have to register again`);
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
    const pseudonym = bytesOfPseudonym(this.#sealer.pseudonym(id));
    const entry = this.#sealer.seal(entryOf(id), contextOf(pseudonym));
    const write = this.#kv.set([CLIENT, pseudonym], entry).then(() => this.#note(id));
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

function entryOf(id: ClientId): Uint8Array {
  const entry = new Uint8Array(ADDRESS_SIZE + 8);
  entry.set(addressOf(id));
  new DataView(entry.buffer).setFloat64(ADDRESS_SIZE, Date.now());
  return entry;
}

function contextOf(pseudonym: Uint8Array): Uint8Array {
  return new Uint8Array([...CONTEXT, ...pseudonym]);
}
