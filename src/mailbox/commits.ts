import { logger } from "../logging/log.ts";

const log = logger("nym_gateway::mailbox");

/** ms until a failed commit is retried; the delay doubles each time, up to the maximum. */
const RETRY = 100;
const MAX_RETRY = 5_000;

/** One commit. It is built once, and stays the same over retries. */
export interface Commit {
  /** what is written; committing it again after a failure changes nothing that it has changed already */
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
 * Makes commits, one at a time, as long as work is pending: each takes everything that arrived during the previous one.
 * A failed commit is retried until it works, or until it is given up after {@linkcode endRetries}.
 */
export class Commits {
  #loop: Promise<void> | undefined;
  #retry: { timer: ReturnType<typeof setTimeout>; now: () => void } | undefined;
  #failure: string | undefined;
  /** a commit that fails later than this is given up (ms, of performance.now()) */
  #giveUpAt = Infinity;

  /**
   * `onCommit` gets the duration of each in seconds. A commit is done once the promise of `syncAlong` has resolved too.
   */
  constructor(
    private readonly source: CommitSource,
    private readonly onCommit: (seconds: number) => void,
    private readonly syncAlong: () => Promise<void>,
  ) {}

  /** Starts the loop unless it is running. Call it when work is pending, or can be done in a pause. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Resolves when everything pending now is on the disk, or given up. Never rejects. */
  async flush(): Promise<void> {
    this.start();
    await this.#loop;
  }

  /** Why commits fail; undefined when the last one worked. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Gives up commits that still fail after `patience` ms. The earliest deadline of several calls counts. */
  endRetries(patience: number): void {
    this.#giveUpAt = Math.min(this.#giveUpAt, performance.now() + patience);
    this.#retry?.now();
  }

  /** Whether {@linkcode endRetries} was called. */
  get isEnding(): boolean {
    return this.#giveUpAt !== Infinity;
  }

  async #run(): Promise<void> {
    await undefined; // a turn later, so that the first commit takes all messages of a batch
    while (true) {
      const commit = this.source.take();
      if (commit !== undefined) {
        if (await this.#write(commit.changes)) commit.written();
        else commit.givenUp();
      }
      const pause = this.source.pause();
      if (pause !== undefined) await pause;
      else if (commit === undefined) break;
    }
    this.#loop = undefined; // in the same turn that found nothing pending, so that the next arrival restarts it
  }

  /** Retries as often as needed; false when it is given up. */
  async #write(changes: Commit["changes"]): Promise<boolean> {
    const begin = performance.now();
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
        await new Promise<void>((resolve) => {
          this.#retry = { timer: setTimeout(resolve, Math.min(delay, left)), now: resolve };
        });
        clearTimeout(this.#retry!.timer);
        this.#retry = undefined;
      }
    }
  }
}
