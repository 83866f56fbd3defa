import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import {
  type Contents,
  encodeContents,
  encodeDatagram,
  KIND,
  type NumberedSegment,
  type Segment,
  SEGMENT_SIZE,
  WINDOW,
} from "./datagram.ts";
import type { Effects } from "./effects.ts";
import { ConversationError } from "./errors.ts";
import type { RandomBytes } from "./key_pair.ts";
import type { PendingInitiation } from "./noise.ts";
import { type Ratchet, seal } from "./ratchet.ts";
import { decodeRecord, decodeSegment, encodeRecord, encodeSegment, inboxKey, outboxKey, peerKey } from "./stored.ts";

/** The longest message: 4 MiB. */
export const LONGEST_MESSAGE: number = 4 * 1024 * 1024;
/** The most segments that a peer can make this side keep, until the application takes messages: 12 MiB. */
export const MAX_INBOX = 16_384;
/** The most segments waiting for a peer's receipts: 50 MiB. */
const MAX_OUTBOX = 65_536;
/** Segments after which a receipt is sent at once, so that the window does not run empty. */
const RECEIPT_EVERY = WINDOW / 4;
/** After this many resends in a row without any answer they get rarer, and only the oldest segment is resent. */
const PATIENCE = 8;
/** A receipt waits for others, and for a segment to travel with, for this share of the time to a resend. */
const RECEIPT_SHARE = 5;
const LONGEST_WAIT = 3_600_000;
const ID_SIZE = 16;
/** Bytes of a salt. */
export const SALT_SIZE = 16;

/** What is stored of a peer besides its segments. */
export interface PeerRecord {
  /** its identity key */
  readonly key: Uint8Array;
  /** where it receives, as it said last */
  readonly address: string;
  /** Random, one of each side, for the ids of the messages that it sends: a new one after each pairing. */
  readonly ownSalt: Uint8Array;
  /** undefined during `pairing` */
  readonly peerSalt: Uint8Array | undefined;
  /** while this side, having accepted an invitation, waits for the response */
  readonly pairing: { readonly pending: PendingInitiation; readonly initiation: Uint8Array } | undefined;
  /** while this side, having invited, waits for the first message: the response, and a hash of what it answers */
  readonly response: { readonly initiation: Uint8Array; readonly bytes: Uint8Array } | undefined;
  /** undefined during `pairing` */
  readonly ratchet: Ratchet | undefined;
  /** Whether anything has come from the peer under the ratchet, at this side's present address. */
  readonly isConfirmed: boolean;
  /** number of the next segment to it */
  readonly nextOut: number;
  /** number of the first segment from it that has not arrived */
  readonly nextIn: number;
}

/** What all conversations of a client share. */
export interface Shared {
  /** this side's identity key */
  readonly key: Uint8Array;
  /** where this side receives */
  readonly address: string;
  /** where keys come from */
  readonly random: RandomBytes;
  /** ms after which a segment without a receipt is resent; doubled from the ninth time on while the peer is silent */
  readonly resendAfter: number;
}

/** A segment that waits for its receipt. */
interface Outgoing {
  readonly number: number;
  readonly segment: Segment;
  /** number of its message's first segment */
  readonly first: number;
  /** ms, when the gateway accepted it; -Infinity: to be sent; Infinity: waiting for the gateway */
  sentAt: number;
  /** how often it was handed to the gateway */
  attempts: number;
  /** Whether the gateway has taken it once. */
  isTaken: boolean;
}

/** A message that has not arrived yet, as far as this side knows. */
export interface PendingMessage {
  /** as `send` returned it */
  readonly id: string;
  /** its packets without a receipt; there were more if it was longer */
  readonly packets: number;
  /** of these, the ones that the gateway has taken at least once */
  readonly sent: number;
  /** How often one of them was sent. More than once: the receipt took too long, perhaps because a packet was lost. */
  readonly attempts: number;
}

/**
 * One conversation: an ordered, reliable stream of segments in each direction over datagrams that get lost, doubled and
 * reordered. Whatever is sent again is encrypted again. Times are ms of a clock that never goes back.
 */
export class Peer {
  /** hex of its identity key */
  readonly id: string;
  readonly #shared: Shared;
  #record: PeerRecord;
  readonly #outbox = new Map<number, Outgoing>(); // in the order of numbers
  /** number of a message's first segment → how many of it wait for a receipt */
  readonly #unreceipted = new Map<number, number>();
  /** arrived and not taken */
  readonly #inbox = new Map<number, Segment>();
  /** The message being received begins here, and has been scanned for its end up to there. */
  #messageStart = 0;
  #scanned = 0;
  /** when to resend; Infinity if nothing waits for an answer */
  #resendAt = Infinity;
  /** resends in a row without an answer */
  #silentRounds = 0;
  /** Whether the peer has said anything since this program started. */
  #isHeard = false;
  /** when to send a receipt, at the latest */
  #receiptAt = Infinity;
  #segmentsSinceReceipt = 0;
  /** Whether a segment was refused for lack of room. */
  #isFull = false;

  /** A new peer, or one from the store. */
  constructor(record: PeerRecord, shared: Shared, now: number) {
    this.id = peerId(record.key);
    this.#shared = shared;
    this.#record = record;
    if (this.#needsAnswer) this.#resendAt = now;
  }

  /** The peer of a stored record. Then come `restore` for all its segments in ascending order, and `resume`. */
  static stored(bytes: Uint8Array, shared: Shared, now: number): Peer {
    return new Peer(decodeRecord(bytes), shared, now);
  }

  /** Puts a stored segment back. */
  restore(box: "out" | "in", number: number, bytes: Uint8Array): void {
    const { first, segment } = decodeSegment(bytes);
    if (box === "out") this.#addOutgoing(number, first, segment);
    else this.#inbox.set(number, segment);
  }

  /** Reports the messages that have not been taken, and sends what waits. */
  resume(now: number, effects: Effects): void {
    this.#scanned = this.#messageStart = Math.min(this.#record.nextIn, ...this.#inbox.keys());
    this.#reportMessages(effects);
    this.#flush(now, effects);
  }

  /** This side has another address, which is sent until the peer answers. Call it before `resume`. */
  moved(now: number, effects: Effects): void {
    this.update({ isConfirmed: false }, effects);
    this.#resendAt = now;
  }

  /** See `PeerRecord`. */
  get record(): PeerRecord {
    return this.#record;
  }

  /** Segments that wait for a receipt. */
  get waiting(): number {
    return this.#outbox.size;
  }

  /** The messages that wait for a receipt, in the order of sending. */
  get pending(): PendingMessage[] {
    const messages = new Map<number, { id: string; packets: number; sent: number; attempts: number }>();
    for (const { first, attempts, isTaken } of this.#outbox.values()) {
      const message = messages.get(first) ?? { id: this.#idOfSent(first), packets: 0, sent: 0, attempts: 0 };
      message.packets++;
      if (isTaken) message.sent++;
      message.attempts = Math.max(message.attempts, attempts);
      messages.set(first, message);
    }
    return [...messages.values()];
  }

  /** When `tick` has something to do; Infinity if never. */
  get tickAt(): number {
    return Math.min(this.#resendAt, this.#receiptAt);
  }

  /** Changes what is stored. */
  update(change: Partial<PeerRecord>, effects: Effects): void {
    this.#record = { ...this.#record, ...change };
    effects.writes.set(peerKey(this.id), encodeRecord(this.#record));
  }

  /** Sends this side's initiation, now and until there is a response. */
  initiate(now: number, effects: Effects): void {
    const { address, pairing } = this.#record;
    const bytes = encodeDatagram(KIND.initiation, pairing!.initiation);
    effects.datagrams.push({ to: address, bytes, peer: this.id, number: undefined });
    this.#resendAt = now + this.#wait();
  }

  /** Sends this side's response once. */
  respond(effects: Effects): void {
    const { address, response } = this.#record;
    const bytes = encodeDatagram(KIND.response, response!.bytes);
    effects.datagrams.push({ to: address, bytes, peer: this.id, number: undefined });
  }

  /** The ratchet has begun, for the side that can send: it does so, since the other cannot before. */
  begin(ratchet: Ratchet, peerSalt: Uint8Array, now: number, effects: Effects): void {
    this.update({ pairing: undefined, ratchet, peerSalt }, effects);
    effects.happenings.push({ type: "paired", peer: this.id });
    this.#silentRounds = 0;
    this.#receiptAt = now;
    this.#resendAt = now + this.#wait();
    this.#flush(now, effects);
  }

  /** Queues a message; its id. It is sent when the window allows. */
  send(data: Uint8Array, now: number, effects: Effects): string {
    if (data.length > LONGEST_MESSAGE) {
      throw new ConversationError("length", `Cannot send ${data.length} bytes: the limit is ${LONGEST_MESSAGE}`);
    }
    const count = Math.max(1, Math.ceil(data.length / SEGMENT_SIZE));
    if (this.#outbox.size + count > MAX_OUTBOX) {
      throw new ConversationError("full", `${this.#outbox.size} segments are waiting for this peer's receipts`);
    }
    const first = this.#record.nextOut;
    for (let i = 0; i < count; i++) {
      const segment = { isLast: i === count - 1, data: data.slice(i * SEGMENT_SIZE, (i + 1) * SEGMENT_SIZE) };
      this.#addOutgoing(first + i, first, segment);
      effects.writes.set(outboxKey(this.id, first + i), encodeSegment({ first, segment }));
    }
    this.update({ nextOut: first + count }, effects);
    this.#flush(now, effects);
    return this.#idOfSent(first);
  }

  /** The gateway has accepted a datagram with this segment, or has not. */
  sent(number: number, isAccepted: boolean, now: number): void {
    const outgoing = this.#outbox.get(number);
    if (outgoing?.sentAt !== Infinity) return; // its receipt was quicker
    outgoing.isTaken ||= isAccepted;
    outgoing.sentAt = isAccepted ? now : now - this.#shared.resendAfter;
    this.#resendAt = Math.min(this.#resendAt, now + this.#wait());
  }

  /** Something arrived from the peer; `ratchet` is its state after that. */
  arrived(contents: Contents, ratchet: Ratchet, now: number, effects: Effects): void {
    const { isConfirmed, response } = this.#record;
    if (response) effects.happenings.push({ type: "paired", peer: this.id });
    this.update({ ratchet, address: contents.address, isConfirmed: true, response: undefined }, effects);
    this.#silentRounds = 0;
    this.#isHeard = true;
    this.#receipted(contents, effects);
    this.#resendAt = this.#needsAnswer ? Math.min(this.#resendAt, now + this.#wait()) : Infinity;
    if (contents.wantsAnswer || (response && !isConfirmed)) this.#receiptAt = now;
    if (contents.segment) this.#segmentArrived(contents.segment, now, effects);
    this.#flush(now, effects);
  }

  /** The id of the message from the peer that begins with this segment. */
  idOfReceived(first: number): string {
    return messageId(this.#record.key, this.#shared.key, this.#record.peerSalt, first);
  }

  /** The bytes of a message that was reported; undefined if it has been taken. */
  read(first: number, last: number): Uint8Array | undefined {
    const segments = Array.from({ length: last - first + 1 }, (_, i) => this.#inbox.get(first + i));
    return segments.every((segment) => segment !== undefined)
      ? concatBytes(...segments.map(({ data }) => data))
      : undefined;
  }

  /** The application has taken a message. */
  taken(first: number, last: number, effects: Effects): void {
    for (let number = first; number <= last; number++) {
      if (this.#inbox.delete(number)) effects.writes.set(inboxKey(this.id, number), undefined);
    }
    if (!this.#isFull || this.#inbox.size > MAX_INBOX / 2) return;
    this.#isFull = false;
    this.#receiptAt = 0; // at once: the peer may think that nobody is here, and resend once an hour
  }

  /** Sends what is due. */
  tick(now: number, effects: Effects): void {
    if (now >= this.#resendAt) this.#resend(now, effects);
    this.#flush(now, effects);
  }

  /** Removes everything of the peer from the store. */
  forget(effects: Effects): void {
    effects.writes.set(peerKey(this.id), undefined);
    for (const number of this.#outbox.keys()) effects.writes.set(outboxKey(this.id, number), undefined);
    for (const number of this.#inbox.keys()) effects.writes.set(inboxKey(this.id, number), undefined);
  }

  #idOfSent(first: number): string {
    return messageId(this.#shared.key, this.#record.key, this.#record.ownSalt, first);
  }

  /** Whether this side waits for something from the peer, and can ask for it. */
  get #needsAnswer(): boolean {
    const { pairing, ratchet, isConfirmed } = this.#record;
    return pairing !== undefined || (ratchet?.sending !== undefined && (!isConfirmed || this.#outbox.size > 0));
  }

  #addOutgoing(number: number, first: number, segment: Segment): void {
    this.#outbox.set(number, { number, segment, first, sentAt: -Infinity, attempts: 0, isTaken: false });
    this.#unreceipted.set(first, (this.#unreceipted.get(first) ?? 0) + 1);
  }

  /** ms until the next resend */
  #wait(): number {
    return Math.min(this.#shared.resendAfter * 2 ** Math.max(0, this.#silentRounds - PATIENCE), LONGEST_WAIT);
  }

  #resend(now: number, effects: Effects): void {
    if (!this.#needsAnswer) return void (this.#resendAt = Infinity); // as when pairing has ended the other way round
    const rounds = this.#silentRounds++;
    this.#resendAt = now + this.#wait();
    if (this.#record.pairing) return this.initiate(now, effects);
    if (!this.#record.isConfirmed) this.#receiptAt = now;
    const overdue = this.#window().filter(({ sentAt }) => sentAt <= now - this.#shared.resendAfter);
    // Until the peer is heard, one is enough: a program that is often restarted would soon reach the ratchet's MAX_SKIP.
    const isAwake = this.#isHeard && rounds < PATIENCE;
    for (const outgoing of isAwake ? overdue : overdue.slice(0, 1)) outgoing.sentAt = -Infinity;
  }

  /** Sends the segments that are to be sent and fit the window, and a receipt if one is due. */
  #flush(now: number, effects: Effects): void {
    if (!this.#record.ratchet?.sending) return;
    for (const outgoing of this.#window()) {
      if (outgoing.sentAt !== -Infinity) continue;
      outgoing.sentAt = Infinity;
      outgoing.attempts++;
      this.#transmit(outgoing, effects);
      this.#resendAt = Math.min(this.#resendAt, now + this.#wait());
    }
    if (now >= this.#receiptAt) this.#transmit(undefined, effects);
  }

  /** The segments that the peer would take now. */
  #window(): Outgoing[] {
    const window: Outgoing[] = [];
    let end: number | undefined;
    for (const outgoing of this.#outbox.values()) {
      end ??= outgoing.number + WINDOW;
      if (outgoing.number >= end) break;
      window.push(outgoing);
    }
    return window;
  }

  #transmit(outgoing: Outgoing | undefined, effects: Effects): void {
    const { random, address } = this.#shared;
    const { nextIn, isConfirmed } = this.#record;
    const others = Array.from({ length: WINDOW }, (_, i) => nextIn + 1 + i).filter((number) => this.#inbox.has(number));
    const contents = { address, receipt: { next: nextIn, others }, segment: outgoing, wantsAnswer: !isConfirmed };
    const { ratchet, message } = seal(this.#record.ratchet!, encodeContents(contents), random);
    this.update({ ratchet }, effects);
    const bytes = encodeDatagram(KIND.message, message);
    effects.datagrams.push({ to: this.#record.address, bytes, peer: this.id, number: outgoing?.number });
    this.#receiptAt = Infinity;
    this.#segmentsSinceReceipt = 0;
  }

  #receipted({ receipt: { next, others } }: Contents, effects: Effects): void {
    for (const { number, first } of this.#window()) {
      if (number >= next && !others.includes(number)) continue;
      this.#outbox.delete(number);
      effects.writes.set(outboxKey(this.id, number), undefined);
      const left = this.#unreceipted.get(first)! - 1;
      if (left > 0) {
        this.#unreceipted.set(first, left);
        continue;
      }
      this.#unreceipted.delete(first);
      effects.happenings.push({ type: "arrived", peer: this.id, id: this.#idOfSent(first) });
    }
  }

  #segmentArrived({ number, segment }: NumberedSegment, now: number, effects: Effects): void {
    const { nextIn } = this.#record;
    const isNew = number >= nextIn && !this.#inbox.has(number);
    if (isNew && this.#inbox.size >= MAX_INBOX) return void (this.#isFull = true);
    if (number >= nextIn + WINDOW) return; // as above without a receipt: it will be resent
    this.#segmentsSinceReceipt++;
    const isUrgent = this.#segmentsSinceReceipt >= RECEIPT_EVERY;
    this.#receiptAt = Math.min(this.#receiptAt, isUrgent ? now : now + this.#shared.resendAfter / RECEIPT_SHARE);
    if (!isNew) return;
    this.#inbox.set(number, segment);
    effects.writes.set(inboxKey(this.id, number), encodeSegment({ first: 0, segment }));
    let next = nextIn;
    while (this.#inbox.has(next)) next++;
    if (next === nextIn) return;
    this.update({ nextIn: next }, effects);
    this.#reportMessages(effects);
  }

  /** Reports the messages that have become complete. Where segments are missing, whole messages have been taken. */
  #reportMessages(effects: Effects): void {
    for (; this.#scanned < this.#record.nextIn; this.#scanned++) {
      const segment = this.#inbox.get(this.#scanned);
      if (segment?.isLast) {
        const [first, last] = [this.#messageStart, this.#scanned];
        const id = this.idOfReceived(first);
        effects.happenings.push({ type: "message", peer: this.id, id, first, last });
      }
      if (!segment || segment.isLast) this.#messageStart = this.#scanned + 1;
    }
  }
}

/** The id of the peer with an identity key. */
export function peerId(key: Uint8Array): string {
  return bytesToHex(key);
}

/** The same on both sides, and for no other message, not even one of an earlier pairing of the two. */
function messageId(sender: Uint8Array, recipient: Uint8Array, salt: Uint8Array | undefined, first: number): string {
  const digest = sha256(concatBytes(sender, recipient, salt ?? new Uint8Array(), utf8ToBytes(String(first))));
  return bytesToHex(digest.subarray(0, ID_SIZE));
}
