/** Bytes that a ping carries. They are random, so that no pong that a client sends by itself is taken for an answer. */
const PAYLOAD_SIZE = 8;
/** ms between two pings to a client that answers them, as long as more and more is sent; when that ends it is asked at once. */
const PING_EVERY = 1000;
/** An unanswered ping does not keep back the next one for longer (ms): a client may answer the last one alone (§5.5.3). */
const PATIENCE = 5000;
/**
 * A client that has sent nothing for this long (ms) is asked whether it is still there, and after twice as long without a
 * sign of life it is gone.
 */
const SILENCE = 15_000;
/** Unanswered pings that are remembered; of more the oldest is forgotten, as the answer to a later one says more. */
const MAX_OPEN = 64;

/**
 * Finds out what a client has read: it takes one frame after the other, and answers each ping as it comes to it (RFC 6455
 * §5.5.2). Whose answer is there has read all that was sent before that ping; and whose is not, and who sends nothing else
 * either, is gone. Pure, but for chance.
 */
export class Pings {
  /** oldest first; with how many frames were sent before it */
  readonly #open: { payload: Uint8Array; frames: number }[] = [];
  #askedAt = -Infinity;
  #answered = 0;
  /** frames that had been sent when it was looked whether to ask */
  #looked = 0;

  /** Whether a ping is unanswered. */
  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Whether to ask again at `now` (ms), when so many frames have been sent. To be called every now and then. */
  isDue(frames: number, now: number): boolean {
    const isQuiet = frames === this.#looked;
    this.#looked = frames;
    if (frames <= this.#answered) return false;
    return !this.isOpen && isQuiet || now - this.#askedAt >= (this.isOpen ? PATIENCE : PING_EVERY);
  }

  /** Whether to ask a client that was heard last at `heardAt`, though nothing is to be learned of what it has read. */
  isSilent(heardAt: number, now: number): boolean {
    return now - Math.max(heardAt, this.#askedAt) >= SILENCE;
  }

  /** Whether that client is gone: it was asked, and nothing came since. */
  isGone(heardAt: number, now: number): boolean {
    return this.isOpen && now - heardAt >= 2 * SILENCE;
  }

  /** The payload of a ping that is sent now, after so many frames. */
  next(frames: number, now: number): Uint8Array {
    const payload = crypto.getRandomValues(new Uint8Array(PAYLOAD_SIZE));
    this.#open.push({ payload, frames });
    if (this.#open.length > MAX_OPEN) this.#open.shift();
    this.#askedAt = now;
    return payload;
  }

  /** A pong came that carries this. How many frames the client has read, if it tells. */
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
