import { assert, assertEquals } from "@std/assert";
import { NO_LIMITS } from "../../src/mailbox/limits.ts";
import type { ClientId } from "../../src/mailbox/client_id.ts";
import type { StoredMessage } from "../../src/mailbox/fresh.ts";
import type { Inbox } from "../../src/mailbox/message_store.ts";
import type { PostgresqlMailbox } from "../../src/postgresql/mailbox.ts";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import { client, numbered, numberOf, range } from "../mailbox/messages.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import { eventually } from "../support/eventually.ts";
import { forEachSeed, Random } from "../support/random.ts";
import { counting } from "./watching.ts";

/** How many random histories. Long form: 300. */
const HISTORIES = Number(Deno.env.get("MODEL_SLOW_HISTORIES") ?? 2);
const STEPS = 80;
const GATEWAYS = 2;
const CLIENTS = 3;
/** the longest delay of a statement and of its answer, in ms */
const MAX_DELAY = 8;

/** One message in this many is given back by a client that does not read fast enough. */
const GIVEN_BACK = 12;

/** A login, which reads as {@linkcode Pushing} does. */
class Session {
  readonly got: { readonly n: number; readonly sequence: number }[] = [];
  isOver = false;
  readonly inbox: Inbox;
  #reading: Promise<void> | undefined;
  #nudged = false;

  /** `givesBack` says for each message whether the client is too slow for it. */
  constructor(
    mailbox: PostgresqlMailbox,
    readonly gateway: number,
    id: ClientId,
    private readonly givesBack: () => boolean,
  ) {
    this.inbox = mailbox.openInbox(id, () => this.#nudge(), () => this.isOver = true);
  }

  #nudge(): void {
    this.#nudged = true;
    if (this.#reading !== undefined) return;
    for (let next = this.inbox.take(); next !== undefined; next = this.inbox.take()) this.#take(next);
    if (this.inbox.isBehind) this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    while (this.#nudged) {
      this.#nudged = false;
      for (let some = await this.inbox.next(); some.length > 0; some = await this.inbox.next()) {
        for (const each of some) {
          if (this.givesBack()) {
            await new Promise((resolve) => setTimeout(resolve, MAX_DELAY));
            if (!this.isOver) this.inbox.giveBack(each.sequence - 1);
            break;
          }
          this.#take(each);
        }
      }
    }
    this.#reading = undefined;
  }

  #take({ message, sequence }: StoredMessage): void {
    if (!this.isOver) this.got.push({ n: numberOf(message), sequence });
  }
}

/**
 * Random histories of gateways whose statements take their time and sometimes fail, perhaps behind their commit, so that
 * messages are handed out before their commits: clients read at once, and move, and confirm.
 */
export async function slowHistories(options: ServerOptions): Promise<void> {
  await forEachSeed(HISTORIES, (seed) => history(options, seed));
}

async function history(options: ServerOptions, seed: number): Promise<void> {
  const random = new Random(seed);
  const { counts, count } = counting();
  let isSlow = true;
  const opened = range(GATEWAYS).map(async () => {
    const server = new Server(options);
    const run = server.runAtOnce.bind(server);
    const delay = async () => {
      if (isSlow) await new Promise((resolve) => setTimeout(resolve, random.below(MAX_DELAY)));
      if (isSlow && random.oneIn(25)) throw new Error("a fault of the test's");
    };
    const mailbox = await openPostgresql(options, NO_LIMITS, count, server, { slow: 3 });
    server.runAtOnce = async (statement) => {
      await delay();
      const result = await run(statement);
      await delay();
      return result;
    };
    return mailbox;
  });
  const gateways = await Promise.all(opened);
  const id = (c: number) => client(1000 * seed + c);
  const owed = range(CLIENTS).map(() => new Set<number>());
  const sessions: Session[][] = range(CLIENTS).map(() => []);
  let stored = 0;

  const logIn = (g: number, c: number) => {
    const older = sessions[c]!.at(-1);
    if (older?.gateway === g) older.isOver = true;
    sessions[c]!.push(new Session(gateways[g]!, g, id(c), () => isSlow && random.oneIn(GIVEN_BACK)));
  };
  for (const _ of range(STEPS)) {
    const [g, c, step] = [random.below(GATEWAYS), random.below(CLIENTS), random.below(12)];
    const session = sessions[c]!.at(-1);
    if (step < 7) {
      for (const _ of range(1 + random.below(6))) {
        // Which gateway's it is, shows in its number.
        const n = GATEWAYS * stored++ + g;
        owed[c]!.add(n);
        gateways[g]!.store(id(c), numbered(n), crypto.getRandomValues(new Uint8Array(8)));
      }
    } else if (step === 7 || session === undefined) logIn(g, c);
    else if (step < 11) {
      const confirmed = session.got.slice(0, random.below(session.got.length + 1));
      if (confirmed.length === 0 || session.isOver) continue;
      session.inbox.confirm(confirmed.at(-1)!.sequence);
      for (const { n } of confirmed) owed[c]!.delete(n);
    }
    if (random.oneIn(2)) await new Promise((resolve) => setTimeout(resolve, random.below(MAX_DELAY)));
  }
  isSlow = false;
  for (const mailbox of gateways) await mailbox.flush();

  for (const c of range(CLIENTS)) {
    const before = new Set(sessions[c]!.flatMap(({ got }) => got.map(({ n }) => n)));
    logIn(seed % GATEWAYS, c);
    const last = sessions[c]!.at(-1)!;
    const has = (n: number) => last.got.some((each) => each.n === n);
    await eventually("all that is owed has come", () => [...owed[c]!].every(has) && !last.inbox.isBehind);
    for (const { got } of sessions[c]!) {
      assertEquals(got.map(({ sequence }) => sequence), range(got.length, 1));
      for (const g of range(GATEWAYS)) {
        const own = got.map(({ n }) => n).filter((n) => n % GATEWAYS === g);
        assertEquals(own, own.toSorted((a, b) => a - b), "each gateway's are in order");
        assertEquals(own.length, new Set(own).size, "none comes twice in a session");
      }
    }
    assert(last.got.every(({ n }) => owed[c]!.has(n) || before.has(n)));
    last.inbox.confirm(last.got.at(-1)?.sequence ?? 0);
  }
  for (const mailbox of gateways) await mailbox.flush();
  for (const c of range(CLIENTS)) {
    const again = gateways[0]!.openInbox(id(c), () => {}, () => {});
    assertEquals(await again.next(), [], "what was confirmed does not come back");
  }
  assertEquals(counts["messages_lost"], undefined);
  for (const mailbox of gateways) await mailbox[Symbol.asyncDispose]();
}
