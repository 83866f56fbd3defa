import type { LedgerEntry, LedgerTable } from "../mailbox/ledger_table.ts";
import type { Server, Sql } from "./server.ts";

/** Entries that are read at a time. */
const READ_TOGETHER = 5000;
/** The channel on which gateways announce which clients have changed. */
const CHANNEL = "nym_gateway_clients";
/** Changed clients that wait to be read by name; when there are more, everything that has changed lately is read. */
const MAX_ANNOUNCED = 65_536;
/** How a notification names a client. */
const PSEUDONYM = /^[0-9a-f]{64}$/;
/** ms by which what changed is read again: longer than a statement may take, as later ones may be visible earlier */
const OVERLAP = 60_000;

/** ms until what could not be read is tried again */
const READ_AGAIN = 1000;

/** A changed entry. */
export interface LedgerChange extends LedgerEntry {
  /** whether the client is no longer registered */
  readonly isRemoved: boolean;
}

interface Row {
  client: Uint8Array;
  entry: Uint8Array;
  removed: boolean;
}

/** The ledger's entries in the database that several gateways share. Its clock is the database's. */
export class PostgresqlLedgerTable implements LedgerTable {
  #readAt = 0;
  #again: ReturnType<typeof setTimeout> | undefined;

  /** Uses `server`, and does not own it. */
  constructor(private readonly server: Server) {}

  /** All entries; see {@linkcode LedgerTable}. */
  async *entries(): AsyncGenerator<LedgerEntry> {
    this.#readAt = await this.clock();
    for (let last: Uint8Array | undefined = new Uint8Array(0); last !== undefined;) {
      const after: Uint8Array = last;
      const rows = await this.server.run((sql) =>
        sql<Row[]>`select client, entry from nym_gateway.clients
          where client > ${after} and not removed order by client limit ${READ_TOGETHER}::integer`
      );
      for (const { client, entry } of rows) yield { pseudonym: client, sealed: entry };
      last = rows.length < READ_TOGETHER ? undefined : rows.at(-1)!.client;
    }
  }

  /** Adds or replaces entries. */
  async set(entries: readonly LedgerEntry[]): Promise<void> {
    const clients = byteArray(entries.map(({ pseudonym }) => pseudonym));
    const sealed = byteArray(entries.map(({ sealed }) => sealed));
    await this.server.run((sql) =>
      sql`with changed as (
          insert into nym_gateway.clients
          select client, entry, false, clock_timestamp()
          from unnest(${clients}::text::bytea[], ${sealed}::text::bytea[]) as given (client, entry) order by client
          on conflict (client) do update set entry = excluded.entry, removed = false, changed = excluded.changed
          returning client
        ) select pg_notify(${CHANNEL}::text, string_agg(encode(client, 'hex'), ' ')) from changed`
    );
  }

  /** Removes entries. */
  async remove(pseudonyms: readonly Uint8Array[]): Promise<void> {
    await this.server.run((sql) =>
      sql`with changed as (
          update nym_gateway.clients set removed = true, changed = clock_timestamp()
          where client = any (${byteArray(pseudonyms)}::text::bytea[]) returning client
        ) select pg_notify(${CHANNEL}::text, string_agg(encode(client, 'hex'), ' ')) from changed`
    );
  }

  /** The database's clock, in ms since 1970. */
  async clock(): Promise<number> {
    const [row] = await this.server.run((sql) =>
      sql<{ now: string }[]>`select extract(epoch from clock_timestamp()) * 1000 as now`
    );
    return Number(row!.now);
  }

  /** Does nothing: the database's clock needs no keeping. */
  keepClock(): Promise<void> {
    return Promise.resolve();
  }

  /** Calls `changed` for each entry that any gateway changes; `failed` when it begins to fail to read them. */
  follow(changed: (change: LedgerChange) => void, failed: (error: unknown) => void): void {
    const announced = new Set<string>();
    let [isReading, isBehind, isFailing] = [false, false, false];
    const read = async (rows: (sql: Sql) => PromiseLike<Row[]>) => {
      for (const { client, entry, removed } of await this.server.run(rows)) {
        changed({ pseudonym: client, sealed: entry, isRemoved: removed });
      }
    };
    /** Does what may fail; after a failure, what is left to do is done a while later. */
    const attempt = async (work: () => Promise<void>) => {
      try {
        await work();
        isFailing = false;
      } catch (error) {
        if (this.server.isClosing) return;
        if (!isFailing) failed(error);
        isFailing = true;
        this.#again ??= setTimeout(() => {
          this.#again = undefined;
          void (isBehind ? caughtUp() : readAnnounced());
        }, READ_AGAIN);
      }
    };
    const readAnnounced = () =>
      attempt(async () => {
        if (isReading) return;
        isReading = true;
        try {
          while (announced.size > 0) {
            const some = announced.values().take(READ_TOGETHER).toArray();
            const list = byteArray(some.map((hex) => Uint8Array.fromHex(hex)));
            for (const each of some) announced.delete(each); // what is announced from now on must be read again
            try {
              await read((sql) =>
                sql<Row[]>`select client, entry, removed from nym_gateway.clients
                  where client = any (${list}::text::bytea[])`
              );
            } catch (error) {
              for (const each of some) announced.add(each);
              throw error;
            }
          }
        } finally {
          isReading = false;
        }
      });
    // Any role that may log in to the database can send notifications: those of another form are ignored.
    const notified = (clients: string) => {
      for (const client of clients.split(" ")) if (PSEUDONYM.test(client)) announced.add(client);
      if (announced.size > MAX_ANNOUNCED) {
        announced.clear();
        void caughtUp();
      } else void readAnnounced();
    };
    const caughtUp = () =>
      attempt(async () => {
        isBehind = true;
        const since = this.#readAt - OVERLAP;
        const now = await this.clock();
        await read((sql) =>
          sql<Row[]>`select client, entry, removed from nym_gateway.clients
            where changed > to_timestamp(${String(since / 1000)}::text::double precision)`
        );
        this.#readAt = now;
        isBehind = false;
        await readAnnounced();
      });
    this.server.listen(CHANNEL, notified, () => void caughtUp());
  }

  /** Ends the retries of {@linkcode follow}. The server is its owner's. */
  [Symbol.dispose](): void {
    clearTimeout(this.#again);
  }
}

/** An array of bytes in PostgreSQL's notation. */
export function byteArray(list: readonly Uint8Array[]): string {
  return `{${list.map((bytes) => `"\\\\x${bytes.toHex()}"`).join()}}`;
}
