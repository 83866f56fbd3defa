import type { ClientId } from "./client_id.ts";
import type { StoredMessage } from "./fresh.ts";
import type { Held } from "./usage.ts";

/**
 * What a gateway needs from a message store. There are two: the embedded one ({@linkcode Mailbox}), and PostgreSQL,
 * which several gateways share (src/postgresql). Both keep to this:
 *
 * - A message counts as stored once it is committed, and stays until its delivery is confirmed. After any crash it is
 *   delivered again unless that was committed too: at least once.
 * - An inbox has one order, which all its readers see.
 * - The newest login wins: once it reads, confirmations of older readers have no effect.
 * - Confirmed messages do not return once {@linkcode MessageStore.flush} has resolved.
 * - Limits hold.
 */
export interface MessageStore extends AsyncDisposable {
  /** the committed contents of all inboxes */
  readonly totals: Held;
  /** the number of messages waiting for a commit */
  readonly waiting: number;
  /** the approximate age of the oldest message, in ms; 0 if there is no message */
  readonly oldestAge: number;
  /** why messages cannot be written; undefined when the last commit worked */
  readonly failure: string | undefined;
  /** why some of what is stored cannot be read, as the last look at all of it has shown; always undefined without looks */
  readonly readFailure?: string | undefined;
  /**
   * Accepts a message for a client; false when a limit forbids it. The message is kept, not copied. `tag`, which is not
   * kept, recognizes a replay of its packet at another gateway on the same store. Ask for {@linkcode room} first.
   */
  store(id: ClientId, message: Uint8Array, tag?: Uint8Array): boolean;
  /**
   * For what is not stored: remembers a packet's tag, and calls `then` with whether no gateway on the same store has seen
   * it. Undefined for a store that only one gateway uses, which has its own memory of packets.
   */
  admit?(tag: Uint8Array, then: (isNew: boolean) => void): void;
  /**
   * Has the gateway where a client is, if that is another one on the same store, push it a cover message. False when this
   * one is not passed on. Undefined for a store that only one gateway uses.
   */
  passCover?(id: ClientId): boolean;
  /** Pushes a cover message that another gateway has passed on. Set by whoever has the clients. */
  pushCover?: ((id: ClientId) => void) | undefined;
  /** undefined when there is room for more messages, else a promise that resolves when there may be */
  room(): Promise<void> | undefined;
  /**
   * Reads a client's inbox from the start, in place of older readers. `nudge` is called when there may be more;
   * `superseded` when the client has logged in at another gateway on the same store.
   */
  openInbox(id: ClientId, nudge: () => void, superseded: () => void): Inbox;
  /** Resolves when everything stored and confirmed so far is committed, or given up. */
  flush(): Promise<void>;
  /** Writes something, to check that it works. Rejects with what the store throws. */
  probe(): Promise<void>;
  /** Prepares for closing: gives up commits that still fail after `patience` ms. */
  endRetries(patience: number): void;
}

/**
 * Reads one inbox, in order. What is handed out stays where it is until it is confirmed.
 *
 * A message has the same number at every login, and no other message of its inbox ever gets it: clients recognize by it
 * what they already have. A message that is handed out before its commit may have another number at the next login.
 */
export interface Inbox {
  /** whether the next message is not in memory, so that {@linkcode next} must get it */
  readonly isBehind: boolean;
  /**
   * The next messages; empty when there are no more for now. Calls must not overlap. Rejects with what the store
   * throws.
   */
  next(): Promise<StoredMessage[]>;
  /** The next message, without waiting; undefined when there is no such message or the inbox {@linkcode isBehind}. */
  take(): StoredMessage | undefined;
  /** Confirms that messages up to sequence number `through` have arrived. Has no effect once closed. */
  confirm(through: number): void;
  /** Takes back what it handed out after sequence number `through`: {@linkcode next} repeats it. */
  giveBack(through: number): void;
  /** Ends it: it hands out nothing more. Safe to repeat. */
  close(): void;
}
