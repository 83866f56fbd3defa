import { bytesOf, decodeChunk, firstOf } from "../mailbox/chunk.ts";
import { inboxContext } from "../mailbox/keys.ts";
import type { LedgerEntry } from "../mailbox/ledger_table.ts";
import type { ChunkPlace, Movable, MovableFigures, MovedChunk } from "../mailbox/movable.ts";
import { type Pseudonym, pseudonymOf } from "../mailbox/pseudonym.ts";
import type { Sealer } from "../mailbox/sealing.ts";
import type { Held } from "../mailbox/usage.ts";
import { chunkContext } from "./batch.ts";
import { lockOutGateways, mustBeUnused, noteMovedAway } from "./exclusion.ts";
import { byteArray, PostgresqlLedgerTable } from "./ledger_table.ts";
import { migrate } from "./migrations.ts";
import { Server, type ServerOptions, type Sql } from "./server.ts";

/** Chunks that one read takes: at most 1 MiB. */
const READ_CHUNKS = 64;
/** ms that a statement may take, or the transaction that verifies and removes: some read or change every row */
const DEADLINE = 86_400_000;

const PSEUDONYM_SIZE = 32;

/**
 * The store in a database. A chunk that comes in stays sealed as it is: its id is the number that it was sealed for, which
 * has 8 bytes, whereas the store's own ids have 16.
 */
export class MovablePostgresql implements Movable {
  readonly offset = 0; // numbers are given row by row
  #damaged = 0;

  private constructor(private readonly server: Server, private readonly sealer: Sealer) {}

  /**
   * Connects.
   * @throws {Error} when the database cannot be used, or gateways are using it
   */
  static async open(options: ServerOptions, sealer: Sealer): Promise<MovablePostgresql> {
    await using opening = new AsyncDisposableStack();
    const server = opening.use(new Server(options, DEADLINE));
    await migrate(server, sealer);
    await mustBeUnused(server);
    opening.move();
    return new MovablePostgresql(server, sealer);
  }

  /** See {@linkcode Movable}. */
  get damaged(): number {
    return this.#damaged;
  }

  /** Counts what it holds. */
  async figures(): Promise<MovableFigures> {
    const [row] = await this.server.run((sql) =>
      sql<Record<keyof MovableFigures, string>[]>`
        select coalesce(sum(messages), 0) as messages, coalesce(sum(bytes), 0) as bytes, count(distinct inbox) as inboxes,
          (select count(*) from nym_gateway.clients where not removed) as clients from nym_gateway.chunks`
    );
    const { messages, bytes, inboxes, clients } = row!;
    return { messages: Number(messages), bytes: Number(bytes), inboxes: Number(inboxes), clients: Number(clients) };
  }

  /** The chunks after a place. */
  async *chunks(after?: ChunkPlace): AsyncGenerator<MovedChunk> {
    this.#damaged = 0;
    for (let place: ChunkPlace | undefined = after, isAll = false; !isAll;) {
      const [inbox, number] = place === undefined ? ["", "0"] : [place.inbox, String(place.last)];
      const rows = await this.server.run((sql) =>
        sql<{ inbox: Uint8Array; last: string; id: Uint8Array; body: Uint8Array; age: string; confirmed: string }[]>`
          select c.inbox, c.last, c.id, c.body, extract(epoch from now() - c.stored) * 1000 as age, i.confirmed
          from nym_gateway.chunks c join nym_gateway.inboxes i on i.inbox = c.inbox
          where (c.inbox, c.last) > (decode(${inbox}::text, 'hex'), ${number}::text::bigint)
          order by c.inbox, c.last limit ${READ_CHUNKS}::integer`
      );
      for (const { inbox, last, id, body, age, confirmed } of rows) {
        place = { inbox: pseudonymOf(inbox), last: Number(last) };
        const opened = this.sealer.open(body, chunkContext(place.inbox, id));
        const chunk = opened && decodeChunk(place.last, opened);
        if (chunk === undefined) this.#damaged++;
        else {
          const isMarked = Number(confirmed) >= firstOf(chunk);
          yield {
            ...place,
            sealed: body,
            chunk,
            age: Math.max(0, Number(age)),
            confirmed: isMarked ? Number(confirmed) : 0,
          };
        }
      }
      isAll = rows.length < READ_CHUNKS;
    }
  }

  /** The clients. */
  clients(): AsyncIterable<LedgerEntry> {
    return new PostgresqlLedgerTable(this.server).entries();
  }

  /** The database's clock. */
  async clock(): Promise<number> {
    return await new PostgresqlLedgerTable(this.server).clock();
  }

  /** Takes chunks, in one transaction. */
  async take(chunks: readonly MovedChunk[]): Promise<void> {
    await this.server.run((sql) => sql.begin((sql) => this.#take(sql, chunks)));
  }

  /** Takes clients, in one statement. */
  async takeClients(clients: readonly LedgerEntry[]): Promise<void> {
    const pseudonyms = byteArray(clients.map(({ pseudonym }) => pseudonym));
    const entries = byteArray(clients.map(({ sealed }) => sealed));
    await this.server.run((sql) =>
      sql`insert into nym_gateway.clients as c
        select client, entry, false, clock_timestamp()
          from unnest(${pseudonyms}::text::bytea[], ${entries}::text::bytea[]) as n(client, entry)
        on conflict (client) do update set entry = excluded.entry, removed = false, changed = excluded.changed
          where c.removed`
    );
  }

  /** What it holds of these chunks. */
  async heldOf(chunks: readonly MovedChunk[]): Promise<Held> {
    const held = await this.server.run((sql) => this.#held(sql, chunks));
    const found = chunks.filter((_, i) => held.has(i));
    return {
      messages: found.reduce((sum, { chunk }) => sum + chunk.messages.length, 0),
      bytes: found.reduce((sum, { chunk }) => sum + bytesOf(chunk), 0),
    };
  }

  /** How many of these clients it holds. */
  async clientsOf(clients: readonly LedgerEntry[]): Promise<number> {
    const pseudonyms = byteArray(clients.map(({ pseudonym }) => pseudonym));
    const [row] = await this.server.run((sql) =>
      sql<{ held: string }[]>`select count(*) as held from nym_gateway.clients
        where client = any (${pseudonyms}::text::bytea[]) and not removed`
    );
    return Number(row!.held);
  }

  /** Lets gateways use it, if mail had been moved away. */
  async finish(): Promise<void> {
    await this.server.run((sql) => noteMovedAway(sql, false));
  }

  /**
   * As {@linkcode Movable} says, in one transaction; clients are marked as removed. Each inbox keeps its last number and
   * epoch. Gateways that use the database do not start any more.
   * @throws {Error} if gateways are using it
   */
  async clear<T>(verify: () => Promise<T>): Promise<T> {
    await mustBeUnused(this.server);
    let verified: Promise<T> | undefined;
    try {
      await this.server.run((sql) =>
        sql.begin(async (sql) => {
          await lockOutGateways(sql);
          await (verified = verify());
          await sql`delete from nym_gateway.chunks`;
          await sql`update nym_gateway.inboxes set messages = 0, bytes = 0 where messages <> 0`;
          await sql`update nym_gateway.gateways set messages = 0, bytes = 0`;
          await sql`update nym_gateway.clients set removed = true, changed = clock_timestamp() where not removed`;
          await noteMovedAway(sql, true);
        })
      );
    } catch (error) {
      await verified; // which may be why, and else must not go on behind the caller's back
      throw error;
    }
    return verified!;
  }

  /** Disconnects. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }

  async #take(sql: Sql, chunks: readonly MovedChunk[]): Promise<void> {
    const places = [...new Set(chunks.map(({ inbox }) => inbox))].sort();
    const list = hexArray(places);
    await sql`insert into nym_gateway.inboxes
      select inbox, 0, 0, 0, 0, 0, 0, 0, 0 from unnest(${list}::text::bytea[]) as n(inbox) order by inbox
      on conflict do nothing`;
    const rows = await sql<{ inbox: string; last: string; messages: string; confirmed: string }[]>`
      select encode(inbox, 'hex') as inbox, last, messages, confirmed from nym_gateway.inboxes
        where inbox = any (${list}::text::bytea[]) order by inbox for update`;
    const inboxes = new Map(rows.map((row) => [row.inbox, {
      last: Number(row.last),
      isEmpty: row.messages === "0",
      confirmed: Number(row.confirmed),
      messages: 0,
      bytes: 0,
    }]));
    const held = await this.#held(sql, chunks);
    const added = chunks.filter((_, i) => !held.has(i));
    const numbers = added.map(({ inbox, last, chunk, confirmed }) => {
      const row = inboxes.get(inbox)!;
      row.last = Math.max(last, row.last + chunk.messages.length);
      // Behind other mail, this would confirm that too; so the confirmed part of this chunk is delivered once more.
      if (confirmed > 0 && row.isEmpty) row.confirmed = row.last - (last - confirmed);
      row.isEmpty = false;
      row.messages += chunk.messages.length;
      row.bytes += bytesOf(chunk);
      return row.last;
    });
    await sql`insert into nym_gateway.chunks
      select inbox, last, id, messages, bytes, now() - age * interval '1 millisecond', body
        from unnest(${
      hexArray(added.map(({ inbox }) => inbox))
    }::text::bytea[], ${`{${numbers.join()}}`}::text::bigint[],
          ${byteArray(added.map(idOf))}::text::bytea[],
          ${`{${added.map(({ chunk }) => chunk.messages.length).join()}}`}::text::integer[],
          ${`{${added.map(({ chunk }) => bytesOf(chunk)).join()}}`}::text::integer[],
          ${`{${added.map(({ age }) => age).join()}}`}::text::double precision[],
          ${
      byteArray(added.map(({ sealed }) => sealed))
    }::text::bytea[]) as n(inbox, last, id, messages, bytes, age, body)`;
    const changed = places.map((inbox) => inboxes.get(inbox)!);
    const all = (of: "last" | "confirmed" | "messages" | "bytes") => `{${changed.map((row) => row[of]).join()}}`;
    await sql`update nym_gateway.inboxes i
      set last = n.last, confirmed = n.confirmed, messages = i.messages + n.messages, bytes = i.bytes + n.bytes
      from unnest(${list}::text::bytea[], ${all("last")}::text::bigint[], ${all("confirmed")}::text::bigint[],
        ${all("messages")}::text::bigint[], ${
      all("bytes")
    }::text::bigint[]) as n(inbox, last, confirmed, messages, bytes)
      where i.inbox = n.inbox`;
    const sum = (of: "messages" | "bytes") => String(changed.reduce((sum, row) => sum + row[of], 0));
    await sql`update nym_gateway.gateways set messages = messages + ${sum("messages")}::text::bigint,
      bytes = bytes + ${sum("bytes")}::text::bigint where gateway = 0`;
  }

  /** The places, among these, of chunks that it has. The same id may be another chunk's, of an earlier move. */
  async #held(sql: Sql, chunks: readonly MovedChunk[]): Promise<Set<number>> {
    const rows = await sql<{ place: string; body: Uint8Array }[]>`
      select n.place, c.body
        from unnest(${hexArray(chunks.map(({ inbox }) => inbox))}::text::bytea[],
          ${byteArray(chunks.map(idOf))}::text::bytea[]) with ordinality as n(inbox, id, place)
        join nym_gateway.chunks c on c.inbox = n.inbox and c.id = n.id`;
    const same = rows.filter(({ place, body }) => isSame(body, chunks[Number(place) - 1]!.sealed));
    return new Set(same.map(({ place }) => Number(place) - 1));
  }
}

/** What a chunk of the embedded store was sealed for, without the inbox. */
function idOf({ inbox, last }: ChunkPlace): Uint8Array {
  return inboxContext(inbox, last).subarray(PSEUDONYM_SIZE);
}

/** Sealed values begin with a salt and a counter, so that no two are the same. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}

/** An array of pseudonyms in PostgreSQL's notation. */
function hexArray(inboxes: readonly Pseudonym[]): string {
  return `{${inboxes.map((inbox) => `"\\\\x${inbox}"`).join()}}`;
}
