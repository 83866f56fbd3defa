import { concatBytes } from "@noble/hashes/utils.js";
import { encodeChunk, MAX_CHUNK_SIZE, sizeInChunk } from "../mailbox/chunk.ts";
import { bytesOfPseudonym, type Pseudonym } from "../mailbox/pseudonym.ts";
import type { Sealer } from "../mailbox/sealing.ts";
import type { Portion } from "./queue.ts";
import type { Sql } from "./server.ts";

/** Bytes of a chunk's random id. */
const ID_SIZE = 16;

/** Which messages of an inbox a login has confirmed. */
export interface Confirmation {
  /** up to this number */
  readonly through: number;
  /** the login's; when there has been a newer one, the database does nothing */
  readonly epoch: number;
}

/** What one commit does to one inbox. */
export interface Place {
  /** whose it is */
  readonly inbox: Pseudonym;
  /** messages to store */
  portion?: Portion;
  /** messages to remove */
  confirmation?: Confirmation;
  /** a login: all after it is confirmed with a new epoch */
  opens?: true;
}

/** What has become of a place. */
export interface Outcome {
  /** the inbox's last number, or that of the portion's last message; 0 when that has left the database already */
  readonly last: number;
  /** the newest login's */
  readonly epoch: number;
  /** messages up to this number are confirmed */
  readonly confirmed: number;
  /** messages that the inbox holds, and their bytes */
  readonly messages: number;
  /** bytes of these messages */
  readonly bytes: number;
  /** false when the portion was refused, for the limits or a replayed packet */
  readonly stored: boolean;
}

/** What applies to a whole commit. */
export interface CommitLimits {
  /** days for which packets are remembered */
  readonly days: number;
  /** most messages of an inbox */
  readonly messages: number;
  /** most bytes of an inbox */
  readonly bytes: number;
}

/** What a commit has done. */
export interface Outcomes {
  /** one for each place, in their order */
  readonly places: readonly Outcome[];
  /** tags of packets that had been seen; no message was stored in a place with one of them */
  readonly replayed: ReadonlySet<bigint>;
}

/**
 * A commit, as the one statement that makes it: it may be sent any number of times, as gateway and number tell the database
 * which of them is the first.
 */
export interface CommitStatement {
  /** of its chunks, in hexadecimal */
  readonly ids: ReadonlySet<string>;
  /** Sends it; resolves when it is committed, now or before. */
  send(sql: Sql): Promise<Outcomes>;
}

/** A commit of any size. Everything in it is encoded and sealed once. */
export class Batch implements CommitStatement {
  readonly ids: ReadonlySet<string>;
  readonly #parameters: readonly string[];
  /** the chunks' bodies, one after the other: an array of them in hexadecimal would cost more at both ends */
  readonly #bodies: string;

  /**
   * `gateway`: this run of this gateway; `number`: of this commit of it, from 1 on; `unstored`: tags of packets with nothing
   * to store.
   */
  constructor(
    private readonly gateway: string,
    private readonly number: number,
    private readonly limits: CommitLimits,
    places: readonly Place[],
    unstored: readonly bigint[],
    sealer: Sealer,
  ) {
    const inboxes: string[] = [];
    const wanted: number[] = [];
    const sizes: number[] = [];
    const through: number[] = [];
    const epochs: number[] = [];
    const opens: string[] = [];
    const tags = [...unstored];
    const tagPlaces = unstored.map(() => 0);
    const chunks = { places: [] as number[], ids: [] as string[], until: [] as number[] };
    const counts: number[] = [];
    const chunkSizes: number[] = [];
    const bodies: Uint8Array[] = [];
    const starts: number[] = []; // of these, from 1 on
    let start = 1;
    places.forEach(({ inbox, portion, confirmation, opens: isLogin }, i) => {
      inboxes.push(`"\\\\x${inbox}"`);
      wanted.push(portion?.messages.length ?? 0);
      sizes.push(portion?.bytes ?? 0);
      through.push(confirmation?.through ?? 0);
      epochs.push(confirmation?.epoch ?? 0);
      opens.push(isLogin ? "t" : "f");
      if (portion === undefined) return;
      for (const { tag } of portion.messages) {
        if (tag === undefined) continue;
        tags.push(tag);
        tagPlaces.push(i + 1);
      }
      let until = 0;
      for (const messages of inChunks(portion)) {
        const id = crypto.getRandomValues(new Uint8Array(ID_SIZE));
        until += messages.length;
        chunks.places.push(i + 1);
        chunks.ids.push(id.toHex());
        chunks.until.push(until);
        counts.push(messages.length);
        chunkSizes.push(messages.reduce((sum, { length }) => sum + length, 0));
        const { value } = encodeChunk(0, Date.now(), messages);
        const body = sealer.seal(value, chunkContext(inbox, id));
        bodies.push(body);
        starts.push(start);
        start += body.length;
      }
    });
    const { places: chunkPlaces, until } = chunks;
    this.ids = new Set(chunks.ids);
    const ids = chunks.ids.map((id) => `"\\\\x${id}"`);
    this.#parameters = [
      ...[inboxes, wanted, sizes, through, epochs, opens, tags, tagPlaces],
      ...[chunkPlaces, ids, until, counts, chunkSizes, starts, bodies.map(({ length }) => length)],
    ].map((list) => `{${list.join()}}`);
    this.#bodies = concatBytes(...bodies).toBase64();
  }

  /** As {@linkcode CommitStatement} says. */
  async send(sql: Sql): Promise<Outcomes> {
    const [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = this.#parameters as [
      ...[string, string, string, string, string, string, string, string],
      ...[string, string, string, string, string, string, string],
    ];
    const { days, messages, bytes } = this.limits;
    const [row] = await sql<Record<string, string | null>[]>`select * from nym_gateway.commit(
      ${this.gateway}::text::bigint, ${String(this.number)}::text::bigint, ${
      stampOf(this.gateway, this.number)
    }::text::bigint,
      ${String(days)}::text::integer, ${whole(messages)}::text::bigint, ${whole(bytes)}::text::bigint,
      ${a}::text::bytea[], ${b}::text::integer[], ${c}::text::integer[], ${d}::text::bigint[], ${e}::text::bigint[],
      ${f}::text::boolean[], ${g}::text::bigint[], ${h}::text::integer[], ${i}::text::integer[], ${j}::text::bytea[],
      ${k}::text::integer[], ${l}::text::integer[], ${m}::text::integer[],
      array(select substring(bodies from start for length)
        from (select decode(${this.#bodies}::text, 'base64') as bodies offset 0) as all_bodies,
          unnest(${n}::text::integer[], ${o}::text::integer[]) as each(start, length)
        order by start))`;
    const list = (name: string) => items(row![name] ?? "{}"); // none for a commit of tags alone
    const [last, epoch, confirmed] = [list("o_last"), list("o_epoch"), list("o_confirmed")];
    const [held, heldBytes, stored] = [list("o_messages"), list("o_bytes"), list("o_stored")];
    return {
      places: last.map((_, i) => ({
        last: Number(last[i]),
        epoch: Number(epoch[i]),
        confirmed: Number(confirmed[i]),
        messages: Number(held[i]),
        bytes: Number(heldBytes[i]),
        stored: stored[i] === "t",
      })),
      replayed: new Set(list("o_replayed").map(BigInt)),
    };
  }
}

/** What a chunk's body is sealed for: its recipient and its id. */
export function chunkContext(inbox: Pseudonym, id: Uint8Array): Uint8Array {
  return concatBytes(bytesOfPseudonym(inbox), id);
}

/** The elements of an array of numbers or truth values, in PostgreSQL's notation. */
export function items(array: string): string[] {
  return array === "{}" ? [] : array.slice(1, -1).split(",");
}

function* inChunks({ messages }: Portion): Generator<Uint8Array[]> {
  let chunk: Uint8Array[] = [];
  let size = 0;
  for (const { message } of messages) {
    const more = sizeInChunk(message);
    if (chunk.length > 0 && size + more > MAX_CHUNK_SIZE) {
      yield chunk;
      chunk = [];
      size = 0;
    }
    chunk.push(message);
    size += more;
  }
  yield chunk;
}

/** A number that no other commit has, in any gateway, as far as that matters: for as long as both are under way. */
function stampOf(gateway: string, number: number): string {
  return String(BigInt.asIntN(64, BigInt(gateway) * 0x9e3779b97f4a7c15n + BigInt(number)));
}

/** As a whole number that PostgreSQL takes. */
function whole(number: number): string {
  return String(Math.floor(Math.min(number, Number.MAX_SAFE_INTEGER)));
}
