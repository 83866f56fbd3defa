import { assert, assertEquals } from "@std/assert";
import { Batch, type CommitStatement, type Place } from "../../src/postgresql/batch.ts";
import { migrate } from "../../src/postgresql/migrations.ts";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import { Visit } from "../../src/postgresql/visit.ts";
import { client, numbered, range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { Random } from "../support/random.ts";
import { testSealer } from "../support/sealer.ts";

const LIMITS = { days: 1, messages: 1000, bytes: 1_000_000 };
const STEPS = 150;
/** Distance between the ids of the gateways that send visits and of those that send only batches. */
const APART = 10;

/**
 * Random logins, confirmations and mail at two gateways. One client's are sent as visits where possible, the other's as
 * batches; the results must be the same.
 */
export async function visitsDoWhatBatchesDo(options: ServerOptions): Promise<void> {
  const sealer = testSealer();
  await using server = new Server(options);
  await migrate(server, sealer);
  await using listener = new Server(options);
  const hints: string[] = [];
  for (const gateway of [1, 2]) {
    for (const each of [gateway, gateway + APART]) {
      const channel = `nym_gateway_${each}`;
      await new Promise<void>((resolve) => listener.listen(channel, (hint) => hints.push(`${each} ${hint}`), resolve));
    }
  }
  const [visitor, other] = [sealer.pseudonym(client(1)), sealer.pseudonym(client(2))];
  const random = new Random(1);
  let [epoch, last] = [0, 0];
  for (const number of range(STEPS, 1)) {
    const gateway = random.pick([1, 2]);
    const isMail = random.oneIn(2);
    const messages = range(random.between(1, 3)).map((n) => ({ message: numbered(n), tag: undefined }));
    const confirmation = { through: random.below(last + 2), epoch: Math.max(1, epoch - random.below(2)) };
    const change: Omit<Place, "inbox"> = isMail
      ? { portion: { inbox: visitor, messages, bytes: 40 * messages.length } }
      : random.pick([{ opens: true }, { confirmation }, { opens: true, confirmation }]);
    const batchAt = (at: number, inbox: Place["inbox"]) =>
      new Batch(String(at), number, LIMITS, [{ inbox, ...change }], [], sealer);
    const statements: CommitStatement[] = [
      isMail ? batchAt(gateway, visitor) : new Visit(String(gateway), number, { inbox: visitor, ...change }),
      batchAt(gateway + APART, other),
    ];
    const isRetried = random.oneIn(3);
    const outcomes = [];
    for (const statement of statements) {
      if (isRetried) await server.run((sql) => statement.send(sql)); // its answer is lost
      outcomes.push(await server.run((sql) => statement.send(sql)));
    }
    assertEquals(outcomes[0], outcomes[1], `commit ${number}`);
    ({ epoch, last } = outcomes[0]!.places[0]!);
  }

  const stateOf = async (inbox: string, apart: number) => {
    const [row] = await server.run((sql) =>
      sql<{ inbox: string; chunks: string; gateways: string; home: string; former: string }[]>`
        select (select row(i.last, i.messages, i.bytes, i.confirmed, i.epoch)::text) as inbox, i.home, i.former,
          (select string_agg(row(c.last, c.messages, c.bytes)::text, ' ' order by c.last)
            from nym_gateway.chunks c where c.inbox = i.inbox) as chunks,
          (select string_agg(row(g.number, g.messages, g.bytes)::text, ' ' order by g.gateway)
            from nym_gateway.gateways g where g.gateway in (1 + ${apart}::integer, 2 + ${apart}::integer)) as gateways
        from nym_gateway.inboxes i where i.inbox = decode(${inbox}::text, 'hex')`
    );
    return { ...row!, home: Number(row!.home) - apart, former: Number(row!.former) - apart };
  };
  assertEquals(await stateOf(visitor, 0), await stateOf(other, APART));
  const hintsTo = (inbox: string, apart: number) =>
    hints.map((hint) => hint.split(" ")).filter(([, start]) => inbox.startsWith(start!))
      .map(([gateway]) => Number(gateway) - apart);
  await server.run((sql) => sql`select pg_notify('nym_gateway_1', 'end')`);
  await eventually("all notifications have come", () => hints.includes("1 end"));
  assert(hintsTo(visitor, 0).length > 0);
  assertEquals(hintsTo(visitor, 0), hintsTo(other, APART));
}
