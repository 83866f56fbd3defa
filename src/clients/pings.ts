/** Bytes of a ping's payload. They are random, so that an unsolicited pong is not mistaken for an answer. */
const PAYLOAD_SIZE = 8;
/** ms between two pings to a client that answers them, while messages keep being sent; when they stop, it is asked at once. */
const PING_EVERY = 1000;
/** ms for which an unanswered ping delays the next one: a client may answer only the last one (RFC 6455 §5.5.3). */
const PATIENCE = 5000;
/** A client that has sent nothing for this long (ms) gets a ping; after as long again without any answer it is gone. */
const SILENCE = 15_000;
/** The most unanswered pings remembered. The oldest is forgotten first, because an answer to a later one says more. */
const MAX_OPEN = 64;

/**
 * Finds out what a client has read: it reads frames in order and answers each ping when it reaches it (RFC 6455 §5.5.2).
 * A client that has answered has read everything sent before that ping; one that neither answers nor sends anything else
 * is gone. Pure, apart from the random payloads.
 */
export class Pings {
  /** oldest first, with the number of frames sent before each */
  readonly #open: { payload: Uint8Array; frames: number; askedAt: number }[] = [];
  #askedAt = -Infinity;
  #answered = 0;
  /** frames that had been sent at the last call of `isDue` */
  #looked = 0;

  /** Whether a ping is unanswered. */
  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Whether to ask again at `now` (ms), with `frames` sent by then. Must be called regularly. */
  isDue(frames: number, now: number): boolean {
    const isQuiet = frames === this.#looked;
    this.#looked = frames;
    if (frames <= this.#answered) return false;
    return !this.isOpen && isQuiet || now - this.#askedAt >= (this.isOpen ? PATIENCE : PING_EVERY);
  }

  /** Whether to ask at `now` (ms) in the same write as the messages that are being sent, which costs no write of its own. */
  isDueBehind(now: number): boolean {
    return !this.isOpen && now - this.#askedAt >= PING_EVERY;
  }

  /** Whether to ask a client that last sent something at `heardAt` (ms), only to learn whether it is still connected. */
  isSilent(heardAt: number, now: number): boolean {
    return now - Math.max(heardAt, this.#askedAt) >= SILENCE;
  }

  /** Whether that client is gone: it has sent nothing for long after it was asked. */
  isGone(heardAt: number, now: number): boolean {
    const oldest = this.#open[0];
    return oldest !== undefined && now - Math.max(heardAt + SILENCE, oldest.askedAt) >= SILENCE;
  }

  /** The payload of a ping that is sent at `now` (ms), after `frames` frames. */
  next(frames: number, now: number): Uint8Array {
    const payload = crypto.getRandomValues(new Uint8Array(PAYLOAD_SIZE));
    this.#open.push({ payload, frames, askedAt: now });
    if (this.#open.length > MAX_OPEN) this.#open.shift();
    this.#askedAt = now;
    return payload;
  }

  /** A pong with this payload came. Returns how many frames the client has read; undefined if it answers no ping of ours. */
  pong(payload: Uint8Array): number | undefined {
    const at = this.#open.findIndex((ping) => isEqual(ping.payload, payload));
    if (at < 0) return undefined;
    this.#answered = this.#open[at]!.frames;
    this.#open.splice(0, at + 1);
    return this.#answered;
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
