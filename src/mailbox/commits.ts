import { logger } from "../logging/log.ts";
import { pause } from "../timing/pause.ts";

const log = logger("nym_gateway::mailbox");

/** ms until a failed commit is retried; the delay doubles each time, up to the maximum. */
const RETRY = 100;
const MAX_RETRY = 5_000;

/**
 * The least ms from the start of one commit to the next. Nobody waits for a commit, because messages are pushed
 * meanwhile, and each has a fixed cost: a sync, and a page or two of the database.
 */
const PACE = 5;

/** One commit. It is built once, and stays the same over retries. */
export interface Commit {
  /** what it writes; committing it again after a failure has no further effect */
  readonly changes: { commit(): Promise<unknown> };
  /** Called once when it is on the disk. */
  written(): void;
  /** Called once when it is not on the disk and will not be retried. */
  givenUp(): void;
}

/** The source of work for {@linkcode Commits}. */
export interface CommitSource {
  /** A commit of pending work, as much as fits into one; undefined if there is none. */
  take(): Commit | undefined;
  /** Called between commits, and when nothing is pending: work to do while nothing is committed, or undefined. */
  pause(): Promise<void> | undefined;
}

/**
 * Makes commits, one at a time, as long as work is pending: each takes everything that arrived during the previous one,
 * and in the {@linkcode PACE} since that began. A failed commit is retried until it works, or until it is given up
 * after {@linkcode endRetries}.
 */
export class Commits {
  #loop: Promise<void> | undefined;
  /** the number of pending calls of `flush` */
  #flushing = 0;
  /** when the latest commit began (ms, of performance.now()) */
  #begunAt = -Infinity;
  /** ends the wait for the next commit's time */
  #pacing: AbortController | undefined;
  /** ends the wait for the next attempt */
  #retry: AbortController | undefined;
  #failure: string | undefined;
  /** a commit that fails later than this is given up (ms, of performance.now()) */
  #giveUpAt = Infinity;

  /**
   * `onCommit` gets the duration of each in seconds. A commit is done once the promise of `syncAlong` has resolved too.
   *
   * @param pace the least time from the start of one commit to the next, unless somebody waits for it (ms)
   */
  constructor(
    private readonly source: CommitSource,
    private readonly onCommit: (seconds: number) => void,
    private readonly syncAlong: () => Promise<void>,
    private readonly pace = PACE,
  ) {}

  /** Starts the loop unless it is running. Call it when work is pending, or can be done in a pause. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Resolves when everything pending now is on the disk, or given up. Never rejects. */
  async flush(): Promise<void> {
    this.start();
    this.#flushing++;
    this.#pacing?.abort();
    await this.#loop;
    this.#flushing--;
  }

  /** Why commits fail; undefined when the last one worked. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Gives up commits that still fail after `patience` ms. The earliest deadline of several calls counts. */
  endRetries(patience: number): void {
    this.#giveUpAt = Math.min(this.#giveUpAt, performance.now() + patience);
    this.#pacing?.abort();
    this.#retry?.abort();
  }

  /** Whether {@linkcode endRetries} was called. */
  get isEnding(): boolean {
    return this.#giveUpAt !== Infinity;
  }

  async #run(): Promise<void> {
    await undefined; // a turn later, so that the first commit takes all messages of a batch
    while (true) {
      await this.#keepPace();
      const commit = this.source.take();
      if (commit !== undefined) {
        if (await this.#write(commit.changes)) commit.written();
        else commit.givenUp();
      }
      const step = this.source.pause();
      if (step !== undefined) await step;
      else if (commit === undefined) break;
    }
    this.#loop = undefined; // in the same turn that found nothing pending, so that the next arrival restarts it
  }

  async #keepPace(): Promise<void> {
    const early = this.#begunAt + this.pace - performance.now();
    if (early <= 0 || this.#flushing > 0 || this.isEnding) return;
    this.#pacing = new AbortController();
    await pause(early, this.#pacing.signal);
    this.#pacing = undefined;
  }

  /** Retries as often as needed; false when it is given up. */
  async #write(changes: Commit["changes"]): Promise<boolean> {
    const begin = this.#begunAt = performance.now();
    for (let delay = RETRY;; delay = Math.min(2 * delay, MAX_RETRY)) {
      try {
        await Promise.all([changes.commit(), this.syncAlong()]);
        this.onCommit((performance.now() - begin) / 1000);
        if (delay > RETRY) log.info("messages can be written again");
        this.#failure = undefined;
        return true;
      } catch (error) {
        if (delay === RETRY) log.error(`cannot write messages, retrying: ${error}`);
        this.#failure = error instanceof Error ? error.message : String(error);
        const left = this.#giveUpAt - performance.now();
        if (left <= 0) return false;
        this.#retry = new AbortController();
        await pause(Math.min(delay, left), this.#retry.signal);
        this.#retry = undefined;
      }
    }
  }
}
