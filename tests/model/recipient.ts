import type { MailboxLimits } from "../../src/mailbox/limits.ts";
import { numbered, numberOf } from "../mailbox/messages.ts";
import { SimulatedLink } from "./simulated_link.ts";

/**
 * The model: what one client was sent, what the gateway has answered for, and what the client has. Messages have numbers
 * from 0 on. Throws an Error at whatever the gateway must not do.
 */
export class Recipient {
  sent = 0;
  link: SimulatedLink | undefined;
  /** numbers that are on the disk for certain, as long as the client may not have them */
  owed: number[] = [];
  /** up to here all messages have been removed from the disk for certain */
  gone = -1;
  readonly #has = new Set<number>();
  /** sent, and not known to be on the disk */
  #unanswered: number[] = [];
  /** when each was sent */
  readonly #sentAt: number[] = [];
  /** on this connection: what has been read, and how many of these are acknowledged */
  #read: number[] = [];
  #acknowledged = 0;
  #acknowledgedThrough = -1;

  /** @param acknowledges whether it does, or is one of 0.7.0 */
  constructor(readonly acknowledges: boolean, private readonly limits: MailboxLimits) {}

  /** The next message to it. */
  message(size: number): Uint8Array {
    return numbered(this.sent, size);
  }

  /** The mailbox has taken that message, or refused it. While it is counting it may take more than it should. */
  sentOne(taken: boolean, now: number, isCounting: boolean): void {
    if (!taken) return;
    const owed = this.owedAt(now).length;
    if (!isCounting && owed >= this.limits.inboxMessages) throw new Error(`taken, though ${owed} are stored`);
    this.#unanswered.push(this.sent);
    this.#sentAt[this.sent++] = now;
  }

  /** Of those that are owed the ones whose time is not over. */
  owedAt(now: number): number[] {
    return this.owed.filter((number) => now - this.#sentAt[number]! < this.limits.timeToLive);
  }

  connect(latency: number, now: () => number): SimulatedLink {
    this.#read = [];
    this.#acknowledged = 0;
    const link = new SimulatedLink(latency, (data) => typeof data !== "string" && this.#receive(link, data, now()));
    return this.link = link;
  }

  /** All that was stored and removed so far is on the disk. */
  answered(): void {
    this.owed.push(...this.#unanswered.filter((number) => !this.#has.has(number)));
    this.#unanswered = [];
    this.gone = this.#acknowledgedThrough;
  }

  /** What the gateway had not answered for may be lost, or not; so may be its removals. */
  gatewayCrashed(): void {
    this.#unanswered = [];
    this.#acknowledgedThrough = this.gone;
  }

  /** Acknowledges this share of what it has read. */
  acknowledge(share: number): void {
    const { link } = this;
    if (link === undefined || !link.isOpen || link.stalled || link.cut) return;
    this.#acknowledged = Math.max(this.#acknowledged, Math.round(share * this.#read.length));
    for (const number of this.#read.slice(0, this.#acknowledged)) this.#take(number);
    this.#acknowledgedThrough = Math.max(this.#acknowledgedThrough, this.#read[this.#acknowledged - 1] ?? -1);
    link.clientSends(JSON.stringify({ type: "received", frames: this.#acknowledged }));
  }

  #receive(link: SimulatedLink, message: Uint8Array, now: number): void {
    const number = numberOf(message);
    if (link !== this.link) return; // it gave up this connection, and what still comes over it
    if (number >= this.sent) throw new Error(`${number} was never sent`);
    if (number <= this.gone) throw new Error(`${number} is back, though ${this.gone} was acknowledged and removed`);
    const last = this.#read.at(-1) ?? -1;
    if (number <= last) throw new Error(`${number} follows ${last} on one connection`);
    const passedOver = this.owedAt(now).find((each) => each > last && each < number);
    if (passedOver !== undefined) throw new Error(`${number} comes before ${passedOver}, which is owed`);
    if (message.some((byte, i) => i >= 4 && byte !== (number & 0xff))) throw new Error(`${number} is torn`);
    this.#read.push(number);
    if (!this.acknowledges) this.#take(number);
  }

  #take(number: number): void {
    this.#has.add(number);
    this.owed = this.owed.filter((each) => each !== number);
  }
}
