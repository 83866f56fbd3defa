import { logger } from "../logging/log.ts";
import type { MailboxLimits } from "./limits.ts";
import type { Sealer } from "./sealing.ts";
import { setTotals, type Totals } from "./totals.ts";
import type { Usage } from "./usage.ts";
import { type Found, Walk } from "./walk.ts";

const log = logger("nym_gateway::mailbox");

/** ms between two steps of a walk, during which commits may run */
const STEP_PAUSE = 5;
/**
 * the least ms from the end of a walk to the start of the next; `WALK_SHARE` times the walk's own duration if longer
 */
const WALK_PAUSE = 60_000;
const WALK_SHARE = 50;

/**
 * Walks through all inboxes, in small steps between commits: once after a start to count the stored messages, and then
 * about once a minute to find expired ones. It keeps the mailbox's clock, by which messages age.
 */
export class Caretaker implements Disposable {
  readonly #openedAt: { clock: number; now: number };
  #walk: Walk | undefined;
  #walkStart = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDue = false;
  #failure: string | undefined;
  #oldest = Infinity;
  /** when the first message since the beginning of the walk was stored */
  #stored = Infinity;

  /** `wake` is called when a step is due. */
  constructor(
    private readonly kv: Deno.Kv,
    private readonly sealer: Sealer,
    private readonly totals: Totals,
    private readonly usage: Usage,
    private readonly limits: MailboxLimits,
    private readonly wake: () => void,
  ) {
    this.#openedAt = { clock: totals.clock, now: performance.now() };
    this.#stepIn(STEP_PAUSE);
  }

  /** The mailbox's clock: ms for which the gateway has run, over all its runs. */
  get clock(): number {
    return this.#openedAt.clock + performance.now() - this.#openedAt.now;
  }

  /** Age of the oldest message in ms by the clock, as of the last walk; 0 when the mailbox is empty. */
  get oldestAge(): number {
    return this.totals.messages === 0 || this.#oldest === Infinity ? 0 : this.clock - this.#oldest;
  }

  /** Why the walk cannot go on; undefined once one has ended. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Notes that a message was stored. `isFirst`: it is the only one, so the oldest, before the next walk finds it. */
  stored(isFirst: boolean): void {
    if (this.#stored === Infinity) this.#stored = this.clock;
    if (isFirst || this.#oldest === Infinity) this.#oldest = this.clock;
  }

  /** Whether a step is due: from the call of `wake` until {@linkcode step}. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** Takes the step that is due. Nothing may be committed during it. Resolves with what has expired; never rejects. */
  async step(): Promise<Found[]> {
    this.#isDue = false;
    if (this.#walk === undefined && this.totals.messages === 0) {
      this.#failure = undefined;
      this.#stepIn(WALK_PAUSE);
      return [];
    }
    try {
      this.#walk ??= this.#begin();
      const expired = await this.#walk.step();
      if (this.#walk.ended) await this.#end(this.#walk);
      else this.#stepIn(STEP_PAUSE);
      return expired;
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
      log.warn(`cannot look for expired messages, retrying later: ${error}`);
      this.#stepIn(WALK_PAUSE);
      return [];
    }
  }

  /** Commits only the clock, for periods without other commits in which messages age. Logs a failure. */
  async keepClock(): Promise<void> {
    this.totals.clock = this.clock;
    const atomic = this.kv.atomic();
    setTotals(atomic, this.totals, this.sealer);
    await atomic.commit().catch((error) => log.warn(`cannot write the mailbox's clock: ${error}`));
  }

  /** Stops the timer. `wake` is not called again. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #begin(): Walk {
    const { usage } = this;
    const count = ({ inbox, last, messages, bytes }: Found) => usage.found(inbox, last, messages, bytes);
    const expiry = this.clock - (this.limits.timeToLive || Infinity);
    this.#walkStart = performance.now();
    this.#stored = Infinity;
    return new Walk(this.kv, this.sealer, this.totals.sequence, expiry, usage.isPartial ? count : undefined);
  }

  async #end(walk: Walk): Promise<void> {
    this.#oldest = Math.min(walk.oldest, this.#stored);
    this.usage.foundAll();
    this.#walk = undefined;
    this.#failure = undefined;
    this.#stepIn(Math.max(WALK_PAUSE, WALK_SHARE * (performance.now() - this.#walkStart)));
    await this.keepClock();
  }

  #stepIn(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#isDue = true;
      this.wake();
    }, ms);
  }
}
