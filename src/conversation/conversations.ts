import { bytesOf, type MessageData } from "../peap/message_bytes.ts";
import { check, type Checks, hasMethods, HOUR, isFunction, isStore, numberFrom, that } from "../peap/option_checks.ts";
import type { Peap } from "../peap/peap.ts";
import type { Store } from "../peap/store.ts";
import { Change } from "../timing/change.ts";
import { type Clock, systemClock } from "../timing/clock.ts";
import { ConversationCore } from "./core.ts";
import type { Datagram, Effects, Happening } from "./effects.ts";
import { ConversationError } from "./errors.ts";
import { formatInvitation, parseInvitation } from "./invitation.ts";
import type { RandomBytes } from "./key_pair.ts";
import type { PendingMessage } from "./peer.ts";
import { PREFIX } from "./stored.ts";

/** The part of a client that conversations need. */
export type ConversationClient = Pick<Peap, "address" | "send" | "close" | typeof Symbol.asyncIterator>;

/** How to hold conversations. */
export interface ConversationOptions {
  /** Where they are kept. It is secret, and must never be set back to an earlier state. */
  store: Store;
  /**
   * ms without a receipt after which a part of a message is sent again. While the peer is silent, the time is doubled from
   * the ninth time on, up to an hour. 10 ms to an hour. Default: 20 s, for clients with `full` traffic at both ends.
   */
  resendAfter?: number | undefined;
  /** Replaces the runtime's clock. For tests. */
  clock?: Clock | undefined;
  /** Replaces the runtime's secure random bytes. For tests. */
  random?: RandomBytes | undefined;
}

/** Someone to talk to. */
export interface PeerStatus {
  /** its public identity key, in hex */
  readonly id: string;
  /** Whether the conversation has started on both sides. */
  readonly isPaired: boolean;
  /** how many packets wait for the peer's receipts */
  readonly waiting: number;
}

/**
 * What happened:
 * - `paired`: the conversation with this peer has started
 * - `message`: a message from it, in the order in which it was sent
 * - `arrived`: a message to it is stored by its client
 */
export type ConversationEvent =
  | { readonly type: "paired"; readonly peer: string }
  | { readonly type: "arrived"; readonly peer: string; readonly id: string }
  | { readonly type: "message"; readonly peer: string; readonly id: string; readonly data: Uint8Array };

const RESEND_AFTER = 20_000;

const CHECKS: Checks<ConversationOptions> = {
  store: isStore,
  resendAfter: numberFrom(10, HOUR),
  clock: that((value) => hasMethods(value, "now", "after"), "must be a Clock"),
  random: isFunction,
};

/**
 * Conversations over a client of the mixnet: encrypted end to end, in order, each message once, and sent again until it
 * has arrived. They use the client for themselves, and close it.
 *
 * A message counts as taken when the loop over the events asks for the next one or ends. What was not taken is reported
 * again by the next `open` with the same store, with the same id.
 */
export class Conversations implements AsyncIterable<ConversationEvent>, AsyncDisposable {
  readonly #client: ConversationClient;
  readonly #core: ConversationCore;
  readonly #store: Store;
  readonly #clock: Clock;
  #written: Promise<void> = Promise.resolve();
  #happenings: Happening[] = [];
  readonly #change = new Change();
  #cancelTick = () => {};
  /** Why it has ended; undefined until then. */
  #end: ConversationError | undefined;
  #receiving: Promise<void> = Promise.resolve();

  private constructor(client: ConversationClient, core: ConversationCore, store: Store, clock: Clock) {
    this.#client = client;
    this.#core = core;
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Begins, or goes on with what the store has. Only one at a time may use a store.
   *
   * @throws TypeError or RangeError for bad options, naming them; what the store throws
   */
  static async open(client: ConversationClient, options: ConversationOptions): Promise<Conversations> {
    check(options, CHECKS);
    if (options.store === undefined) throw new TypeError("The option store is missing");
    const { store, resendAfter = RESEND_AFTER, clock = systemClock, random = secureRandom } = options;
    const keys = await store.keys(PREFIX);
    const values = await Promise.all(keys.map((key) => store.get(key)));
    const stored = new Map(keys.map((key, i) => [key, values[i]!]));
    const settings = { address: client.address, resendAfter, random };
    const { core, effects } = ConversationCore.restore(stored, settings, clock.now());
    const conversations = new Conversations(client, core, store, clock);
    await conversations.#perform(effects);
    conversations.#receiving = conversations.#receive();
    return conversations;
  }

  /** This side's public identity key, in hex: how its peers know it. */
  get id(): string {
    return this.#core.id;
  }

  /** Everyone with whom a conversation has started, or is about to. */
  get peers(): PeerStatus[] {
    return [...this.#core.peers].map(({ id, waiting, record: { pairing, response } }) => ({
      id,
      isPaired: !pairing && !response,
      waiting,
    }));
  }

  /**
   * A new invitation, for one peer: a code, or a link to a page, to be given to the peer and nobody else. Of invitations
   * that nobody has used, the last 32 are valid.
   */
  async invite(page?: string): Promise<string> {
    this.#checkOpen();
    const { invitation, effects } = this.#core.invite();
    await this.#perform(effects);
    return formatInvitation(invitation, page);
  }

  /**
   * Accepts an invitation: a code, a link, or a text with either. Resolves with the peer's id once that is stored;
   * messages can be sent at once, and leave when the inviter has answered.
   *
   * @throws ConversationError of kind `invitation` or `peer`
   */
  async accept(text: string): Promise<string> {
    this.#checkOpen();
    const { peer, effects } = this.#core.accept(parseInvitation(text), this.#clock.now());
    await this.#perform(effects);
    return peer;
  }

  /**
   * Sends a message: text is sent as UTF-8, bytes are copied. Resolves with its id once it is stored; from then on it is
   * sent until it has arrived.
   *
   * @throws ConversationError of kind `peer`, `length` (over 4 MiB), `full` or `closed`
   */
  async send(peer: string, data: MessageData): Promise<string> {
    this.#checkOpen();
    const { id, effects } = this.#core.send(peer, bytesOf(data), this.#clock.now());
    await this.#perform(effects);
    return id;
  }

  /**
   * How far the messages are that have not arrived, as far as this side knows, in the order of sending: for showing it.
   *
   * @throws ConversationError of kind `peer`
   */
  pending(peer: string): PendingMessage[] {
    return this.#core.pending(peer);
  }

  /**
   * 60 digits. If both sides see the same, nobody sits between them.
   *
   * @throws ConversationError of kind `peer`
   */
  safetyNumber(peer: string): string {
    return this.#core.safetyNumber(peer);
  }

  /** Ends a conversation and removes everything about it, also what waits to be sent or taken. */
  async forget(peer: string): Promise<void> {
    this.#checkOpen();
    await this.#perform(this.#core.forget(peer));
  }

  /** What happens, in order. Ends when this or the client is closed; throws if either failed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ConversationEvent, void, void> {
    for (;;) {
      const happening = this.#happenings.shift();
      if (!happening) {
        if (this.#end) return this.#throwUnlessClosed(this.#end);
        await this.#change.next;
      } else if (happening.type !== "message") {
        yield happening;
      } else {
        const { peer, id } = happening;
        const data = this.#core.read(happening);
        if (!data) continue;
        try {
          yield { type: "message", peer, id, data };
        } finally {
          if (!this.#end) await this.#perform(this.#core.taken(happening));
        }
      }
    }
  }

  /** Ends, once all is stored, and closes the client. What waits to be sent waits for the next `open`. */
  async close(): Promise<void> {
    this.#finish(new ConversationError("closed", "The conversations were closed"));
    await this.#written.catch(() => {}); // reported already
    await this.#client.close();
    await this.#receiving;
  }

  /** Same as `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A message of the mixnet counts as taken once all that it changed is stored. */
  async #receive(): Promise<void> {
    try {
      for await (const { data } of this.#client) {
        if (this.#end) return;
        await this.#perform(this.#core.received(data, this.#clock.now()));
      }
      this.#finish(new ConversationError("closed", "The client was closed"));
    } catch (cause) {
      this.#finish(new ConversationError("closed", "The client failed", { cause }));
    }
  }

  /** Stores the writes of each step, in the order of steps; then does the rest. */
  async #perform({ writes, datagrams, happenings }: Effects): Promise<void> {
    if (writes.size > 0) this.#written = this.#written.then(() => this.#store.write(writes));
    try {
      await this.#written;
    } catch (cause) {
      const error = new ConversationError("closed", "The store failed", { cause }); // and is behind what is in memory
      this.#finish(error);
      throw error;
    }
    if (this.#end) return;
    for (const datagram of datagrams) void this.#send(datagram);
    this.#happenings.push(...happenings);
    if (happenings.length > 0) this.#change.happened();
    this.#planTick();
  }

  async #send(datagram: Datagram): Promise<void> {
    let isAccepted = true;
    try {
      await this.#client.send(datagram.to, datagram.bytes);
    } catch {
      isAccepted = false; // it is sent again later
    }
    if (this.#end) return;
    this.#core.sent(datagram, isAccepted, this.#clock.now());
    this.#planTick();
  }

  #planTick(): void {
    this.#cancelTick();
    const { tickAt } = this.#core;
    if (tickAt === Infinity) return;
    const tick = () => void this.#perform(this.#core.tick(this.#clock.now())).catch(() => {}); // the loop reports it
    this.#cancelTick = this.#clock.after(Math.max(0, tickAt - this.#clock.now()), tick);
  }

  #finish(error: ConversationError): void {
    this.#end ??= error;
    this.#cancelTick();
    this.#change.happened();
  }

  #checkOpen(): void {
    if (this.#end) throw this.#end;
  }

  #throwUnlessClosed(end: ConversationError): void {
    if (end.cause !== undefined) throw end;
  }
}

function secureRandom(size: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(size));
}
