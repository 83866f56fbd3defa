import { logger } from "../logging/log.ts";

const log = logger("nym_gateway::mailbox");

/** A failed commit is tried again after this many ms, then twice as many, and so on up to the maximum. */
const RETRY = 100;
const MAX_RETRY = 5_000;

/** What one commit does. It is made once, and stays the same over retries. */
export interface Commit {
  readonly changes: Deno.AtomicOperation;
  /** It is on the disk. */
  written(): void;
  /** It is not, and won't be. */
  givenUp(): void;
}

/** What commits are made of. */
export interface CommitSource {
  /** A commit of what waits, as much as one may have; undefined when nothing does. */
  take(): Commit | undefined;
  /** Called between two commits, and when there is none to be made: what is done while nothing is committed, if anything. */
  pause(): Promise<void> | undefined;
}

/**
 * Makes commits, one at a time, for as long as something waits: each takes all that came while the one before was under
 * way. One that fails is tried again until it works, or until it is given up when the end has come.
 */
export class Commits {
  #loop: Promise<void> | undefined;
  #retry: { timer: ReturnType<typeof setTimeout>; now: () => void } | undefined;
  #failure: string | undefined;
  /** a commit that fails later than this is given up (ms, of performance.now()) */
  #giveUpAt = Infinity;

  /** `onCommit`: how many seconds each took. A commit is done when what `syncAlong` returns has resolved too. */
  constructor(
    private readonly source: CommitSource,
    private readonly onCommit: (seconds: number) => void,
    private readonly syncAlong: () => Promise<void>,
  ) {}

  /** Something waits, or may be done in a pause. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Resolves when all that waits by now is on the disk, or given up. */
  async flush(): Promise<void> {
    this.start();
    await this.#loop;
  }

  /** Why commits fail, as long as they do. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Commits that fail are tried for `patience` ms more and then given up. */
  endRetries(patience: number): void {
    this.#giveUpAt = Math.min(this.#giveUpAt, performance.now() + patience);
    this.#retry?.now();
  }

  /** Whether {@linkcode endRetries} was called. */
  get isEnding(): boolean {
    return this.#giveUpAt !== Infinity;
  }

  async #run(): Promise<void> {
    await undefined; // a turn later, so that the first commit takes all the messages of a batch
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
    this.#loop = undefined; // in the very turn in which nothing waits, so that what comes next starts it again
  }

  /** However often it has to be tried; false when it is given up. */
  async #write(changes: Deno.AtomicOperation): Promise<boolean> {
    const begin = performance.now();
    for (let delay = RETRY;; delay = Math.min(2 * delay, MAX_RETRY)) {
      try {
        await Promise.all([changes.commit(), this.syncAlong()]);
        this.onCommit((performance.now() - begin) / 1000);
        if (delay > RETRY) log.info("messages are written again");
        this.#failure = undefined;
        return true;
      } catch (error) {
        if (delay === RETRY) log.error(`cannot write messages, trying again until it works: ${error}`);
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
