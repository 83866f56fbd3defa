/** A gateway that has said nothing for this long (ms) is asked whether it is still there. */
export const ASK_AFTER = 20_000;
/** ms that it has to say anything at all */
export const PATIENCE = 10_000;

/** What to do about a silent gateway, and when to look again, in ms from now. */
export interface Verdict {
  /** `wait`, `ask` for a sign of life, or `end` the connection */
  act: "wait" | "ask" | "end";
  /** ms; 0 after `end` */
  again: number;
}

/**
 * Notices that a connection has died without a word: no close frame comes when a phone changes its network or a router
 * forgets the connection. The gateway is always asked first, however late the look: a machine may have slept. Pure.
 */
export class Silence {
  #heardAt: number;
  #askedAt: number | undefined;

  /** `now` in ms; also for the other methods. */
  constructor(now: number) {
    this.#heardAt = now;
  }

  /** The gateway has sent something. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#askedAt = undefined;
  }

  /** What to do now. After `ask`, the gateway counts as asked. */
  look(now: number): Verdict {
    const isAsked = this.#askedAt !== undefined;
    const again = (this.#askedAt ?? this.#heardAt) + (isAsked ? PATIENCE : ASK_AFTER) - now;
    if (again > 0) return { act: "wait", again };
    if (isAsked) return { act: "end", again: 0 };
    this.#askedAt = now;
    return { act: "ask", again: PATIENCE };
  }
}
