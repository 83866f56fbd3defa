import type { CommitStatement, Outcomes, Place } from "./batch.ts";
import type { Sql } from "./server.ts";

/**
 * The commit of one client's login, confirmation, or both, when nothing else waits. It does what a `Batch` (batch.ts) with
 * this place alone would do, with a statement that takes a third of the time.
 */
export class Visit implements CommitStatement {
  readonly ids: ReadonlySet<string> = new Set<string>();

  /** `gateway` and `number` as for a batch; the place has no portion. */
  constructor(private readonly gateway: string, private readonly number: number, private readonly place: Place) {}

  /** As {@linkcode CommitStatement} says. */
  async send(sql: Sql): Promise<Outcomes> {
    const { inbox, confirmation, opens } = this.place;
    const [row] = await sql<Record<string, string>[]>`select * from nym_gateway.visit(
      ${this.gateway}::text::bigint, ${String(this.number)}::text::bigint, decode(${inbox}::text, 'hex'),
      ${String(confirmation?.through ?? 0)}::text::bigint, ${String(confirmation?.epoch ?? 0)}::text::bigint,
      ${String(opens ?? false)}::text::boolean)`;
    const value = (name: string) => Number(row![name]);
    return {
      places: [{
        last: value("o_last"),
        epoch: value("o_epoch"),
        confirmed: value("o_confirmed"),
        messages: value("o_messages"),
        bytes: value("o_bytes"),
        stored: true,
      }],
      replayed: new Set(),
    };
  }
}
