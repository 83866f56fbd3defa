import { logger } from "../logging/log.ts";
import { plural } from "../text/plural.ts";
import type { Refusal } from "./limits.ts";

const log = logger("nym_gateway::mailbox");

/** ms between two log lines about one reason */
const INTERVAL = 60_000;

const REASONS: Readonly<Record<Refusal, string>> = {
  disk_low: "disk_low: too little disk is free (minimum_free_disk)",
  mailbox_full: "mailbox_full: all messages together approach mailbox_bytes, so the largest inboxes are refused first",
  inbox_full: "inbox_full: a client has reached inbox_messages or inbox_bytes",
};

/**
 * Reports refused messages. For each reason it logs the first one, then a count once a minute while more arrive, and a
 * line when it is over.
 */
export class RefusalReport implements Disposable {
  /** the refusals since the last line, for each reason reported in the last interval */
  readonly #unreported = new Map<Refusal, number>();
  readonly #interval: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `interval`: ms between two log lines about one reason */
  constructor(interval = INTERVAL) {
    this.#interval = interval;
  }

  /** Counts a refused message. The first one for a reason is logged at once. */
  note(reason: Refusal): void {
    const unreported = this.#unreported.get(reason);
    if (unreported === undefined) log.warn(`New messages are dropped, ${REASONS[reason]}`);
    this.#unreported.set(reason, unreported === undefined ? 0 : unreported + 1);
    this.#timer ??= setTimeout(() => this.#sumUp(), this.#interval);
  }

  /** Reports the remaining refusals, and stops the timer. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const [reason, messages] of this.#unreported) if (messages > 0) this.#reportMore(reason, messages);
    this.#unreported.clear();
  }

  #sumUp(): void {
    for (const [reason, messages] of this.#unreported) {
      if (messages > 0) {
        this.#reportMore(reason, messages);
        this.#unreported.set(reason, 0);
      } else {
        log.info(`No message has been dropped for a while, ${REASONS[reason]}`);
        this.#unreported.delete(reason);
      }
    }
    this.#timer = this.#unreported.size === 0 ? undefined : setTimeout(() => this.#sumUp(), this.#interval);
  }

  #reportMore(reason: Refusal, messages: number): void {
    log.warn(`${plural(messages, "more message was", "more messages were")} dropped, ${REASONS[reason]}`);
  }
}
