import type { MailboxLimits } from "../../src/mailbox/limits.ts";
import { numbered, numberOf } from "../mailbox/messages.ts";
import { SimulatedLink } from "./simulated_link.ts";

/**
 * The model of one client: the messages sent to it, those that the gateway has promised, and those that the client has.
 * Messages are numbered from 0. Throws an Error if the gateway does something it must not.
 */
export class Recipient {
  sent = 0;
  link: SimulatedLink | undefined;
  /** messages certain to be on the disk, which the client may not have yet */
  owed: number[] = [];
  /** all messages up to here are certain to be removed from the disk */
  gone = -1;
  readonly #has = new Set<number>();
  /** sent, but not certain to be on the disk */
  #unanswered: number[] = [];
  /** the time at which each was sent */
  readonly #sentAt: number[] = [];
  /** on this connection: the messages read, and how many of them are acknowledged */
  #read: number[] = [];
  #acknowledged = 0;
  #acknowledgedThrough = -1;

  /** @param acknowledges false for a 0.7.0 client */
  constructor(readonly acknowledges: boolean, private readonly limits: MailboxLimits) {}

  /** The next message for it. */
  message(size: number): Uint8Array {
    return numbered(this.sent, size);
  }

  /** The mailbox has accepted or refused that message. While it is counting, it may accept more than the limit. */
  sentOne(taken: boolean, now: number, isCounting: boolean): void {
    if (!taken) return;
    const owed = this.owedAt(now).length;
    if (!isCounting && owed >= this.limits.inboxMessages) throw new Error(`accepted, though ${owed} are stored`);
    this.#unanswered.push(this.sent);
    this.#sentAt[this.sent++] = now;
  }

  /** The owed messages that have not expired. */
  owedAt(now: number): number[] {
    return this.owed.filter((number) => now - this.#sentAt[number]! < this.limits.timeToLive);
  }

  /** The number of messages that it has. */
  get received(): number {
    return this.#has.size;
  }

  connect(latency: number, now: () => number): SimulatedLink {
    this.#read = [];
    this.#acknowledged = 0;
    const link = new SimulatedLink(latency, (data) => typeof data !== "string" && this.#receive(link, data, now()));
    return this.link = link;
  }

  /** Everything stored and removed so far is on the disk. */
  answered(): void {
    this.owed.push(...this.#unanswered.filter((number) => !this.#has.has(number)));
    this.#unanswered = [];
    this.gone = this.#acknowledgedThrough;
  }

  /** Messages that the gateway had not promised, and removals not yet on the disk, may be lost or not. */
  gatewayCrashed(): void {
    this.#unanswered = [];
    this.#acknowledgedThrough = this.gone;
  }

  /** Acknowledges this share of the messages read. */
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
    if (link !== this.link) return; // ignores what still arrives over an abandoned connection
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
