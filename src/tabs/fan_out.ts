import { PeapError } from "../peap/errors.ts";
import type { ReceivedMessage } from "../peap/received_message.ts";

/** The most bytes that are kept for loops that are behind. */
const MAX_KEPT_BYTES = 32 * 1024 * 1024;
/** What a message takes beside its data. */
const MESSAGE_COST = 256;

/** Where a loop is. */
export interface Reader {
  /** of the message that it gets next; messages are numbered from 0 */
  position: number;
}

/**
 * Gives every message of a client to every loop. A message counts as taken when the first loop asks for the one after
 * it, or ends; a loop that starts later begins with the first message that was not taken. Only then is the next
 * one asked for, so the client's own limits apply to what waits.
 */
export class FanOut {
  readonly #source: AsyncIterable<ReceivedMessage, void, void>;
  readonly #readers = new Set<Reader>();
  /** those that a loop may still need: the last one, and those that some loops have had and others have not */
  #messages: ReceivedMessage[] = [];
  /** the number of the first of them */
  #first = 0;
  #bytes = 0;
  #isUntaken = false;
  /** what has handed it out */
  #iterator: AsyncIterator<ReceivedMessage, void> | undefined;
  #pulling: Promise<boolean> | undefined;

  /** Every iterator of `source` must go on where another has ended, as those of a client do. */
  constructor(source: AsyncIterable<ReceivedMessage, void, void>) {
    this.#source = source;
  }

  /** Whether the last message was handed out by the source, and no loop has taken it. */
  get isUntaken(): boolean {
    return this.#isUntaken;
  }

  /** A new loop. */
  start(): Reader {
    const reader = { position: this.#end - (this.#isUntaken ? 1 : 0) };
    this.#readers.add(reader);
    return reader;
  }

  /**
   * The next message for a loop; undefined after the last one.
   *
   * @throws PeapError of kind `full` if the loop is too far behind; what the source throws
   */
  async next(reader: Reader): Promise<ReceivedMessage | undefined> {
    while (reader.position === this.#end) {
      if (!await (this.#pulling ??= this.#pull())) return undefined;
    }
    if (reader.position < this.#first) {
      throw new PeapError("full", "This loop is too far behind the others: what it has missed is no longer here");
    }
    const message = this.#messages[reader.position++ - this.#first];
    this.#trim();
    return message;
  }

  /** A loop has ended, and has taken what it has had. */
  async stop(reader: Reader): Promise<void> {
    const takesLast = this.#isUntaken && reader.position === this.#end;
    if (takesLast) this.#isUntaken = false;
    this.forget(reader);
    if (!takesLast) return;
    const iterator = this.#iterator;
    this.#iterator = undefined;
    await iterator?.return?.();
  }

  /** A loop is gone without having taken anything. */
  forget(reader: Reader): void {
    this.#readers.delete(reader);
    this.#trim();
  }

  get #end(): number {
    return this.#first + this.#messages.length;
  }

  /** Takes the last message, and waits for another. Resolves with whether there is one. */
  async #pull(): Promise<boolean> {
    this.#isUntaken = false;
    try {
      this.#iterator ??= this.#source[Symbol.asyncIterator]();
      const { value } = await this.#iterator.next();
      if (!value) return false;
      this.#messages.push(value);
      this.#isUntaken = true;
      this.#bytes += value.data.length + MESSAGE_COST;
      this.#trim();
      return true;
    } catch (error) {
      this.#iterator = undefined; // it has ended, and would not throw again
      throw error;
    } finally {
      this.#pulling = undefined;
    }
  }

  /** Drops what no loop needs, and the oldest when that is too much. The last one stays until it is taken. */
  #trim(): void {
    const last = this.#end - (this.#isUntaken ? 1 : 0);
    const needed = Math.min(last, ...[...this.#readers].map(({ position }) => position));
    while (this.#first < needed || this.#bytes > MAX_KEPT_BYTES && this.#first < last) {
      this.#bytes -= this.#messages.shift()!.data.length + MESSAGE_COST;
      this.#first++;
    }
    for (const reader of this.#readers) if (reader.position < this.#first) this.#readers.delete(reader);
  }
}
