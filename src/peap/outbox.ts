import type { ClientAddress } from "./address.ts";
import { fragmentCount, fragments } from "./fragmentation.ts";

/** How far the sending of a message is, in packets. */
export interface Progress {
  /** accepted by the gateway */
  readonly sent: number;
  /** in all */
  readonly total: number;
}

/** A message that is being sent. */
export class OutgoingMessage {
  /** of the recipient */
  readonly to: ClientAddress;
  /** Resolves when the gateway has accepted all its packets. */
  readonly sent: Promise<void>;
  readonly #fragments: Iterator<Uint8Array>;
  /** fragments to be sent again; bounded by those in flight */
  readonly #returned: Part[] = [];
  readonly #total: number;
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  readonly #settle = Promise.withResolvers<void>();
  #accepted = 0;
  #isOver = false;

  /**
   * Begins to send `data` to a client.
   *
   * @throws RangeError if it is longer than 16 MiB
   */
  constructor(to: ClientAddress, data: Uint8Array, onProgress?: (progress: Progress) => void) {
    this.to = to;
    this.#total = fragmentCount(data.length);
    this.#fragments = fragments(data);
    this.#onProgress = onProgress;
    this.sent = this.#settle.promise;
    this.sent.catch(() => {}); // the caller of `send` may have left with its own error
  }

  /** Whether nothing is left to do for it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The next part to be sent; undefined if all are sent or on their way. */
  next(): Part | undefined {
    if (this.#isOver) return undefined;
    const returned = this.#returned.shift();
    if (returned) return returned;
    const { value } = this.#fragments.next();
    return value && { message: this, fragment: value, refusals: 0 };
  }

  /** A part has to be sent again. */
  putBack(part: Part): void {
    this.#returned.push(part);
  }

  /** The gateway has accepted a part. */
  accepted(): void {
    if (this.#isOver) return;
    this.#accepted++;
    try {
      this.#onProgress?.({ sent: this.#accepted, total: this.#total });
    } catch (error) {
      return this.fail(error);
    }
    if (this.#accepted < this.#total) return;
    this.#isOver = true;
    this.#settle.resolve();
  }

  /** Gives the message up. */
  fail(error: unknown): void {
    this.#isOver = true;
    this.#settle.reject(error);
  }
}

/** A fragment on its way. */
export interface Part {
  /** that it belongs to */
  readonly message: OutgoingMessage;
  /** plaintext of a packet */
  readonly fragment: Uint8Array;
  /** times that the gateway has refused a packet with it */
  refusals: number;
}

/**
 * Messages that are being sent, which take turns fragment by fragment: a short one passes long ones. Pure. Bounded by
 * the callers, each of which waits for its message.
 */
export class Outbox {
  /** those that may have something to send, the next one first */
  readonly #turns = new Set<OutgoingMessage>();
  /** all that are not over */
  readonly #messages = new Set<OutgoingMessage>();

  /** Adds a message. */
  add(message: OutgoingMessage): void {
    this.#turns.add(message);
    this.#messages.add(message);
  }

  /** The next part to be sent, of the message whose turn it is. */
  next(): Part | undefined {
    for (const message of this.#turns) {
      this.#turns.delete(message);
      const part = message.next();
      if (!part) continue;
      this.#turns.add(message);
      return part;
    }
    return undefined;
  }

  /** A part has to be sent again. */
  putBack(part: Part): void {
    const { message } = part;
    if (message.isOver) return;
    message.putBack(part);
    this.#turns.add(message);
  }

  /** Forgets a message. */
  remove(message: OutgoingMessage): void {
    this.#turns.delete(message);
    this.#messages.delete(message);
  }

  /** Gives all messages up. */
  failAll(error: unknown): void {
    for (const message of this.#messages) message.fail(error);
    this.#turns.clear();
    this.#messages.clear();
  }
}
