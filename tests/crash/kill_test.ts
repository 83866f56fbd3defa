import { assert } from "@std/assert";
import { LongRun } from "../support/long_run.ts";
import type { MessageStore } from "../../src/mailbox/message_store.ts";
import { Server, type ServerOptions } from "../../src/postgresql/server.ts";
import { openPostgresql } from "../mailbox/stores.ts";
import { openLeftMailbox } from "./open_mailbox.ts";
import { eventually } from "../support/eventually.ts";
import { Postgresql, SKIPPED } from "../support/postgresql.ts";
import { Random } from "../support/random.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { type Account, compare, line, newAccount, note } from "./account.ts";
import { childCommand, hasStrace, runChild } from "./mailbox_process.ts";

/** Kills at a random time; 1600 in the long form. */
const RANDOM_KILLS = Number(Deno.env.get("CRASH_RANDOM_KILLS") ?? 16);
/** The same with the store in PostgreSQL. */
const POSTGRESQL_KILLS = Math.ceil(RANDOM_KILLS / 4);
/** Kills at a chosen system call; 800 in the long form. */
const SYSCALL_KILLS = Number(Deno.env.get("CRASH_SYSCALL_KILLS") ?? 6);
const SEED = Number(Deno.env.get("CRASH_SEED") ?? 20_260_101);

/** Kills of one home before it is replaced. */
const KILLS_A_HOME = 25;
/** the longest time from the first line to the kill, in ms; a round takes about 2 ms */
const MAX_DELAY = 60;
/** One child in this many is killed within this many ms of its start, usually before it has opened its mailbox. */
const EARLY_KILLS = 8;
const EARLY_DELAY = 45;
/** rounds of a child that is not killed */
const ENDLESS = 100_000;
const TRACED_ROUNDS = 25;
/** The last call of each kind at which a kill may happen: that many occur in these rounds, and a few in opening. */
const CALLS = { pwrite64: 600, fsync: 30, ftruncate: 2, unlink: 1 };

/** A home whose process is killed repeatedly, and which is checked each time. */
class Home {
  readonly folder = new TemporaryFolder();
  readonly account: Account = newAccount();
  kills = 0;

  /** With a database, its mail is there, and otherwise in files. */
  constructor(private readonly database?: ServerOptions) {}

  /** as a child takes it */
  get place(): string {
    return this.database === undefined ? this.folder.path : JSON.stringify(this.database);
  }

  /**
   * Opens the mailbox as a restarted gateway does. The next child continues from what is found.
   *
   * @returns the number of messages
   */
  async inspect(): Promise<number> {
    const mailbox = await this.#open();
    const found = await compare(this.account, mailbox);
    await mailbox[Symbol.asyncDispose]();
    for (const kind of ["intended", "done"] as const) note(this.account, line(kind, found).trimEnd());
    return found.reduce((sum, { stored, confirmed }) => sum + stored - confirmed, 0);
  }

  async #open(): Promise<MessageStore> {
    if (this.database === undefined) return await openLeftMailbox(this.folder.path);
    await areGone(this.database);
    return await openPostgresql(this.database);
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

/** Resolves when nobody is connected to a database: what a killed process has asked for may end after it. */
async function areGone(database: ServerOptions): Promise<void> {
  await using server = new Server(database);
  const others = () =>
    server.run((sql) =>
      sql`select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
        and backend_type = 'client backend'`
    );
  await eventually("nobody is connected", async () => (await others()).length === 0, 120_000);
}

/** Calls `kill` until there were `count` kills. It returns whether the child ended by itself before. */
async function killAgainAndAgain(
  what: string,
  count: number,
  kill: (home: Home, random: Random) => Promise<boolean>,
  newHome = () => Promise.resolve(new Home()),
): Promise<void> {
  const run = new LongRun(what, count);
  let survived = 0;
  let done = 0;
  let messages = 0;
  while (done < count) {
    using home = await newHome();
    while (home.kills < KILLS_A_HOME && done < count) {
      const seed = SEED + done + survived;
      if (await kill(home, new Random(seed))) survived++;
      else {
        home.kills++;
        done++;
      }
      try {
        messages += await home.inspect();
      } catch (error) {
        throw new Error(`${what}, kill ${done}, CRASH_SEED=${seed}: ${(error as Error).message}`);
      }
      run.reached(done, `${survived} ended by themselves`);
    }
  }
  run.end(`${done} kills, ${survived} children ended by themselves, ${messages} messages on the disk were checked`);
  assert(survived <= count, "nearly all are killed");
}

/** Kills a child at any time. */
async function killAnyTime(home: Home, random: Random): Promise<boolean> {
  const command = childCommand(home.place, random.next(), ENDLESS, home.account.done);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const killSoon = (child: Deno.ChildProcess, ms: number) => timer = setTimeout(() => child.kill("SIGKILL"), ms);
  const early = random.oneIn(EARLY_KILLS);
  const delay = random.between(0, early ? EARLY_DELAY : MAX_DELAY);
  const finished = await runChild(
    command,
    home.account,
    (child) => early && killSoon(child, delay),
    (child) => early || killSoon(child, delay),
  );
  clearTimeout(timer);
  return finished;
}

Deno.test(
  `committed messages survive ${RANDOM_KILLS} kills at any time, and confirmed ones stay removed`,
  () => killAgainAndAgain("kills at any time", RANDOM_KILLS, killAnyTime),
);

Deno.test({
  name: `so they do ${POSTGRESQL_KILLS} kills in PostgreSQL`,
  ignore: SKIPPED,
  fn: async () => {
    await using cluster = await Postgresql.start();
    const newHome = async () => new Home(await cluster.database());
    await killAgainAndAgain("kills with PostgreSQL", POSTGRESQL_KILLS, killAnyTime, newHome);
  },
});

Deno.test({
  name: `what was committed survives ${SYSCALL_KILLS} kills at chosen system calls${
    hasStrace ? "" : " (skipped: no strace)"
  }`,
  ignore: !hasStrace,
  fn: () =>
    killAgainAndAgain("kills at system calls", SYSCALL_KILLS, async (home, random) => {
      const call = random.pick(
        ["pwrite64", "pwrite64", "pwrite64", "fsync", "fsync", "fsync", "ftruncate", "unlink"] as const,
      );
      const inject = `inject=${call}:signal=SIGKILL:when=${random.between(1, CALLS[call])}`;
      const strace = ["strace", "-f", "-o", "/dev/null", "-e", `trace=${call}`, "-e", inject];
      const child = childCommand(home.place, random.next(), TRACED_ROUNDS, home.account.done);
      return await runChild([...strace, ...child], home.account);
    }),
});
