import { assert } from "@std/assert";
import { LongRun } from "../support/long_run.ts";
import { openMailbox } from "../support/open_mailbox.ts";
import { Random } from "../support/random.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { type Account, compare, line, newAccount, note } from "./account.ts";
import { childCommand, hasStrace, runChild } from "./mailbox_process.ts";

/** Kills at a random time; the long form has 1600. */
const RANDOM_KILLS = Number(Deno.env.get("CRASH_RANDOM_KILLS") ?? 16);
/** Kills at a chosen system call; the long form has 800. */
const SYSCALL_KILLS = Number(Deno.env.get("CRASH_SYSCALL_KILLS") ?? 6);
const SEED = Number(Deno.env.get("CRASH_SEED") ?? 20_260_101);

/** One home goes through this many kills before it is replaced. */
const KILLS_A_HOME = 25;
/** ms from the first line to the kill: a round takes about 2 */
const MAX_DELAY = 60;
/** One child in this many is killed this many ms after its start at most, mostly before it has opened its mailbox. */
const EARLY_KILLS = 8;
const EARLY_DELAY = 45;
/** rounds of a child that nobody kills */
const ENDLESS = 100_000;
const TRACED_ROUNDS = 25;
/** Up to which call of each kind the kill comes: so many there are in these rounds, and a few in opening. */
const CALLS = { pwrite64: 600, fsync: 30, ftruncate: 2, unlink: 1 };

/** A home that is killed again and again, and looked at each time. */
class Home {
  readonly folder = new TemporaryFolder();
  readonly account: Account = newAccount();
  kills = 0;

  /**
   * Opens the mailbox as a restarted gateway does; what is found is what the next child goes on from.
   *
   * @returns how many messages there are
   */
  async inspect(): Promise<number> {
    const mailbox = await openMailbox(this.folder.path);
    const found = await compare(this.account, mailbox);
    await mailbox[Symbol.asyncDispose]();
    for (const kind of ["intended", "done"] as const) note(this.account, line(kind, found).trimEnd());
    return found.reduce((sum, { stored, confirmed }) => sum + stored - confirmed, 0);
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

/** Has homes killed by `kill` until there were so many kills; it says whether a child came to its own end before that. */
async function killAgainAndAgain(
  what: string,
  count: number,
  kill: (home: Home, random: Random) => Promise<boolean>,
): Promise<void> {
  const run = new LongRun(what, count);
  let survived = 0;
  let done = 0;
  let messages = 0;
  while (done < count) {
    using home = new Home();
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
      run.reached(done, `${survived} came to their own end`);
    }
  }
  run.end(`${done} kills, ${survived} children came to their own end, ${messages} messages on the disk were looked at`);
  assert(survived <= count, "nearly all are killed");
}

Deno.test(`what was committed survives ${RANDOM_KILLS} kills at any time, and what was confirmed stays gone`, () =>
  killAgainAndAgain("kills at any time", RANDOM_KILLS, async (home, random) => {
    const command = childCommand(home.folder.path, random.next(), ENDLESS, home.account.done);
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
  }));

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
      const child = childCommand(home.folder.path, random.next(), TRACED_ROUNDS, home.account.done);
      return await runChild([...strace, ...child], home.account);
    }),
});
