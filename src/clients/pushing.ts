import type { Count } from "../counting/counters.ts";
import type { StoredMessage } from "../mailbox/fresh.ts";
import type { Inbox } from "../mailbox/message_store.ts";
import { nextTask } from "../timing/next_task.ts";
import { Delivery } from "./delivery.ts";
import { answer } from "./messages.ts";
import { Pings } from "./pings.ts";
import type { MessageSocket } from "./websocket.ts";

/** bytes sent between two checks of how much the socket buffers */
const LOOK_EVERY = 32 * 1024;
/** A client that has taken too little for this long (ms) is slow: messages already read for it go back to the disk. */
const SLOW_AFTER = 500;
/** While the client does not read, the socket is checked again after 1, 2, 4 … ms, up to this. */
const MAX_STALL_DELAY = 250;
/** After this many bytes the client is asked how far it has read, even if an earlier ping is still unanswered. */
const ASK_EVERY = 131_072;

/** What all clients share. */
export interface PushingContext {
  /** bytes that wait in memory for a client that does not take them; its other messages stay on the disk */
  readonly slowClientBytes: number;
  /** counts messages pushed, and clients that turn out to be slow */
  readonly count: Count;
  /** called when messages were sent whose delivery must be confirmed: {@linkcode Pushing.tick} is due soon */
  lookSoon(): void;
}

/** Pushes the messages of a client's inbox in order, as fast as the client reads, and confirms to the inbox those delivered. */
export class Pushing {
  readonly #delivery = new Delivery();
  readonly #pings = new Pings();
  #pushing: Promise<void> | undefined;
  #nudged = false;
  /** bytes sent since the last check of how much the socket buffers */
  #unlooked = 0;
  /** the number that the client expects the next stored message to have */
  #expected: number | undefined;
  /** bytes sent since the client was last asked how far it has read */
  #unasked = 0;
  #ended = false;

  /**
   * `saysNumbers`: whether the client wants to know the messages' numbers. `failed` is called with the error when the inbox
   * cannot be read; nothing is pushed after that.
   */
  constructor(
    private readonly socket: MessageSocket,
    private readonly reader: Inbox,
    private readonly context: PushingContext,
    private readonly saysNumbers: boolean,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** The inbox has more messages. For a client that keeps up, those in memory are pushed before this returns. */
  nudge(): void {
    this.#nudged = true;
    if (this.#pushing === undefined && !this.#pushFresh()) this.#pushing = this.#push().catch(this.failed);
  }

  /** After `end`: resolves when the last push has stopped. */
  async idle(): Promise<void> {
    await this.#pushing;
  }

  /** Pushes a message that is not stored; returns false, without pushing it, if the client does not keep up. */
  pushUnstored(message: Uint8Array): boolean {
    if (!this.#isOpen() || this.#isFull()) return false;
    this.#send(message);
    return true;
  }

  /**
   * Asks the client how far it has read, and whether it is still connected. Must be called a few times a second while it
   * {@linkcode isUncertain}, and once a second otherwise.
   */
  tick(now: number): void {
    if (this.#pings.isSilent(this.socket.heardAt, now)) return this.#ping(now);
    if (!this.#pings.isDue(this.#delivery.frames, now)) return;
    if (this.#pings.isOpen && this.socket.bufferedAmount > 0) return; // the previous ping has not been sent yet
    this.#ask(now);
  }

  /** Whether the delivery of any message is not confirmed yet that the client's answer to a ping could confirm. */
  get isUncertain(): boolean {
    return this.#delivery.isUncertain;
  }

  /** Whether the client has stayed silent after a ping. */
  isGone(now: number): boolean {
    return this.#pings.isGone(this.socket.heardAt, now);
  }

  /** The client has sent a pong with this payload. Returns whether it answers one of our pings. */
  pong(payload: Uint8Array): boolean {
    const frames = this.#pings.pong(payload);
    if (frames !== undefined) this.#confirm(this.#delivery.read(frames));
    return frames !== undefined;
  }

  /** The client says that its application has taken the first `frames` messages of this connection. */
  received(frames: number): void {
    this.#confirm(this.#delivery.received(frames));
  }

  /** The connection has ended. Messages not confirmed by now are pushed again after the next login. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.reader.close();
  }

  #isOpen(): boolean {
    return !this.#ended && this.socket.isOpen;
  }

  #isFull(): boolean {
    return this.socket.bufferedAmount > this.context.slowClientBytes;
  }

  /** Pushes without waiting for anything. Returns whether nothing is left to push for now. */
  #pushFresh(): boolean {
    let pushed = 0;
    while (this.#isOpen() && !(this.#unlooked >= LOOK_EVERY && this.#isFull())) {
      if (this.#unlooked >= LOOK_EVERY) this.#unlooked = 0;
      const next = this.reader.take();
      if (next === undefined) {
        this.#nudged = this.reader.isBehind;
        break;
      }
      this.#send(next.message, next);
      pushed++;
    }
    this.#pushed(pushed);
    return !this.#nudged || !this.#isOpen();
  }

  async #push(): Promise<void> {
    while (this.#nudged) {
      this.#nudged = false;
      for (let some = await this.#pushSome(); some !== "none" && this.#isOpen(); some = await this.#pushSome()) {
        if (some === "slow") await this.#drained(Infinity);
        else await nextTask(); // so that other clients get a turn, and this one's messages are written
      }
      if (!this.#isOpen()) return;
    }
    this.#pushing = undefined; // in the same turn as the check of the nudge, so that the next one starts a new push
  }

  /** Pushes the next messages. If the client turns out to be slow, the rest are not kept in memory. */
  async #pushSome(): Promise<"all" | "slow" | "none"> {
    const messages = await this.reader.next();
    let pushed = 0;
    for (const next of messages) {
      if (this.#unlooked >= LOOK_EVERY) {
        this.#unlooked = 0;
        if (this.#isFull() && !await this.#drained(SLOW_AFTER)) {
          this.reader.giveBack(next.sequence - 1);
          this.#pushed(pushed);
          this.context.count("clients_slow");
          return "slow";
        }
      }
      if (!this.#isOpen()) return "none";
      this.#send(next.message, next);
      pushed++;
    }
    this.#pushed(pushed);
    return pushed > 0 ? "all" : "none";
  }

  /** Resolves with true once the client has taken enough or is gone; with false if neither happens in `patience` ms. */
  async #drained(patience: number): Promise<boolean> {
    const begin = performance.now();
    for (let delay = 1; this.#isOpen() && this.socket.bufferedAmount > this.context.slowClientBytes / 2; delay *= 2) {
      if (performance.now() - begin > patience) return false;
      // At first it waits for turns of the event loop, because a timer would leave a fast reader idle.
      if (delay <= 16) await nextTask();
      else await new Promise((resolve) => setTimeout(resolve, Math.min(delay / 16, MAX_STALL_DELAY)));
    }
    return true;
  }

  #send(message: Uint8Array, stored?: StoredMessage): void {
    if (this.saysNumbers && stored !== undefined) this.#sayNumber(stored.number ?? stored.sequence);
    const size = this.socket.send(message);
    this.#delivery.push(stored?.sequence);
    this.#unlooked += size;
    this.#unasked += size;
    if (this.#unasked >= ASK_EVERY) this.#ask(performance.now());
  }

  #sayNumber(number: number): void {
    if (number !== this.#expected) this.socket.send(answer.number(number));
    this.#expected = number + 1;
  }

  /** After a few were sent in one turn. */
  #pushed(messages: number): void {
    if (messages === 0) return;
    this.context.count("messages_pushed", messages);
    this.context.lookSoon();
    const now = performance.now();
    if (this.#pings.isDueBehind(now)) this.#ask(now);
  }

  #ask(now: number): void {
    this.#unasked = 0;
    if (this.#delivery.isUncertain) this.#ping(now);
  }

  #ping(now: number): void {
    this.socket.ping(this.#pings.next(this.#delivery.frames, now));
  }

  #confirm(sequence: number | undefined): void {
    if (sequence !== undefined) this.reader.confirm(sequence);
  }
}
