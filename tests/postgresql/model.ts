import { assertEquals } from "@std/assert";
import { NO_LIMITS } from "../../src/mailbox/limits.ts";
import type { Inbox } from "../../src/mailbox/message_store.ts";
import type { PostgresqlMailbox } from "../../src/postgresql/mailbox.ts";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import { client, numbered, numberOf, range, readAll } from "../mailbox/messages.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import { forEachSeed, Random } from "../support/random.ts";
import { counting } from "./watching.ts";

/** How many random histories. Long form: 500. */
const HISTORIES = Number(Deno.env.get("MODEL_SIBLING_HISTORIES") ?? 1);
const STEPS = 60;
const GATEWAYS = 3;
const CLIENTS = 3;
const ignore = () => {};

/** A client's newest login: where, and the sequence number of what it has read last. */
interface Login {
  readonly gateway: number;
  readonly inbox: Inbox;
  last: number;
}

/**
 * Random histories of several gateways, compared with lists: messages come in at any of them, clients move, confirm, and
 * confirm late what a newer login has taken over, connections break in the middle of commits, gateways restart.
 */
export async function randomHistories(options: ServerOptions): Promise<void> {
  await forEachSeed(HISTORIES, (seed) => history(options, seed));
}

async function history(options: ServerOptions, seed: number): Promise<void> {
  const random = new Random(seed);
  const { counts, count } = counting();
  const servers: Server[] = [];
  const gateways: PostgresqlMailbox[] = [];
  const start = async (g: number) => {
    servers[g] = new Server(options);
    gateways[g] = await openPostgresql(options, NO_LIMITS, count, servers[g]);
  };
  for (const g of range(GATEWAYS)) await start(g);
  const owed = range(CLIENTS).map((): number[] => []);
  const logins: (Login | undefined)[] = [];
  const id = (c: number) => client(1000 * seed + c);
  let stored = 0;

  const store = async (g: number, c: number) => {
    for (const _ of range(1 + random.below(20))) {
      owed[c]!.push(stored);
      gateways[g]!.store(id(c), numbered(stored++), crypto.getRandomValues(new Uint8Array(8)));
    }
    if (random.below(3) === 0) {
      await new Promise((resolve) => setTimeout(resolve, random.below(4)));
      servers[g]!.abandon(); // perhaps while the commit is under way
    }
    await gateways[g]!.flush();
  };
  const logIn = async (g: number, c: number) => {
    const older = logins[c];
    logins[c] = { gateway: g, inbox: gateways[g]!.openInbox(id(c), ignore, ignore), last: 0 };
    await gateways[g]!.flush();
    if (older === undefined) return;
    older.inbox.confirm(older.last); // too late, whether it knows that or not
    await gateways[older.gateway]!.flush();
  };
  const read = async (c: number) => {
    const login = logins[c]!;
    login.inbox.giveBack(0);
    const got: number[] = [];
    const sequences: number[] = [];
    for (let tries = 0; got.length < owed[c]!.length && tries < 2000; tries++) {
      for (const { message, sequence } of await readAll(login.inbox)) {
        got.push(numberOf(message));
        sequences.push(sequence);
      }
      if (got.length < owed[c]!.length) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assertEquals(got, owed[c]);
    login.last = sequences.at(-1) ?? login.last;
    const confirmed = random.below(got.length + 1);
    if (confirmed === 0) return;
    login.inbox.confirm(sequences[confirmed - 1]!);
    owed[c]!.splice(0, confirmed);
    await gateways[login.gateway]!.flush();
  };
  const restart = async (g: number) => {
    await gateways[g]![Symbol.asyncDispose]();
    for (const c of range(CLIENTS)) if (logins[c]?.gateway === g) logins[c] = undefined;
    await start(g);
  };

  for (const _ of range(STEPS)) {
    const [g, c, step] = [random.below(GATEWAYS), random.below(CLIENTS), random.below(10)];
    if (step < 4) await store(g, c);
    else if (step === 9) await restart(g);
    else if (step < 6 || logins[c] === undefined) await logIn(g, c);
    else await read(c);
  }
  for (const c of range(CLIENTS)) {
    await logIn(0, c);
    await read(c);
  }
  assertEquals([counts["messages_stored"], counts["packets_dropped_replayed"]], [stored, undefined]);
  for (const mailbox of gateways) await mailbox[Symbol.asyncDispose]();
}
