import { systemClock } from "../timing/clock.ts";
import { nextTask } from "../timing/next_task.ts";
import { pause } from "../timing/pause.ts";
import type { ClientAddress } from "./address.ts";
import { PeapError } from "./errors.ts";
import type { GatewayLink } from "./gateway_link.ts";
import type { Settings } from "./options.ts";
import { Outbox, type OutgoingMessage, type Part } from "./outbox.ts";
import type { Packet, PacketBuilder } from "./packets.ts";
import { atRandomTimes, coverMessage } from "./traffic.ts";

/**
 * The most packets of this client in flight, built but not yet accepted by the gateway: 86 KiB, whatever the number and
 * size of its messages. Bounds the socket's buffer and the answers that are due.
 */
const SENDING_WINDOW = 64;

/** ms of building after which others get their turn: a page's frame lasts 16. */
const BUILDING_SLICE = 5;

/** Cover packets that are ready: one for each of the two streams. */
const COVER_STOCK = 2;

/** ms before a part that the gateway has refused is sent again, on a new route. After that many refusals it fails. */
const RETRY_DELAYS = [0, 100, 200, 400, 800];

/** A part with the packet that was built for it. It keeps the packet until the gateway refuses it. */
interface BuiltPart {
  readonly part: Part;
  readonly packet: Packet;
}

/**
 * Sends messages and cover.
 *
 * With `full` traffic, a packet leaves whenever a Poisson process says so, and it carries a message if there is one. Its
 * timing must not depend on which it is. So a cover packet and, if there is a message, a packet of it are always built
 * before they are due, and a tick only picks one. Without it, messages leave at once, up to a window.
 */
export class Sender {
  readonly #own: ClientAddress;
  readonly #builder: PacketBuilder;
  readonly #link: GatewayLink;
  readonly #settings: Settings;
  readonly #signal: AbortSignal;
  readonly #outbox = new Outbox();
  /**
   * Packets whose connection broke before they were accepted; at most SENDING_WINDOW. They go first, and unchanged, since
   * mixnodes drop what they have had; but one whose mixnodes are no longer listed would be lost, so it is built again.
   */
  readonly #again: BuiltPart[] = [];
  /** with `full` traffic: what the next tick sends */
  #ready: BuiltPart | undefined;
  readonly #covers: Packet[] = [];
  #inFlight = 0;
  #isWorking = false;
  /** Background work. Ends on the signal or with the link. */
  readonly #tasks = new Set<Promise<unknown>>();

  /** Works until `signal` is aborted. `own` is where cover goes. */
  constructor(
    own: ClientAddress,
    builder: PacketBuilder,
    link: GatewayLink,
    settings: Settings,
    signal: AbortSignal,
  ) {
    this.#own = own;
    this.#builder = builder;
    this.#link = link;
    this.#settings = settings;
    this.#signal = signal;
  }

  /** Starts the streams of packets. */
  start(): void {
    const { traffic, meanSendGap, meanCoverGap, surroundings: { clock } } = this.#settings;
    if (traffic === "full") this.#run(atRandomTimes(meanSendGap, () => this.#tick(), this.#signal, clock));
    if (traffic !== "none") this.#run(atRandomTimes(meanCoverGap, () => this.#sendCover(), this.#signal, clock));
    this.wake();
  }

  /** Adds a message to be sent. */
  add(message: OutgoingMessage): void {
    this.#outbox.add(message);
    this.wake();
  }

  /** Gives up a message: no more of its packets are sent. */
  drop(message: OutgoingMessage, error: unknown): void {
    this.#outbox.remove(message);
    message.fail(error);
  }

  /** Gives up all messages. */
  dropAll(error: unknown): void {
    this.#outbox.failAll(error);
    this.#ready = undefined;
    this.#again.length = 0;
  }

  /** There may be something to do: a message, a place in the window, a connection. */
  wake(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#run(this.#work());
  }

  /** Resolves when nothing runs any more. Ends only after the signal. */
  async idle(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
  }

  /** Builds what is missing, for some milliseconds at a time so that others get their turn in between. */
  async #work(): Promise<void> {
    const { traffic } = this.#settings;
    const step = traffic === "full" ? () => this.#prepareMessage() : () => this.#sendNext();
    let isMore: boolean;
    do {
      await nextTask();
      const end = systemClock.now() + BUILDING_SLICE;
      do isMore = !this.#signal.aborted && (step() || this.#prepareCover()); while (isMore && systemClock.now() < end);
    } while (isMore);
    this.#isWorking = false;
  }

  /** Builds a cover packet if one is missing. Returns whether it did. */
  #prepareCover(): boolean {
    if (this.#settings.traffic === "none" || this.#covers.length >= COVER_STOCK) return false;
    try {
      this.#covers.push(this.#builder.build(this.#own, coverMessage(), "cover"));
      return true;
    } catch (error) {
      if (!(error instanceof PeapError)) throw error;
      return false; // the mixnet lacks nodes at the moment: that cover is left out
    }
  }

  /** Builds the packet for the next tick if one is missing. Returns whether it did. */
  #prepareMessage(): boolean {
    const before = this.#ready;
    if (before) this.#again.unshift(before);
    this.#ready = this.#nextBuilt();
    return this.#ready !== before;
  }

  /** Sends the next packet of a message if the window has a place for it. Returns whether it did. */
  #sendNext(): boolean {
    if (!this.#link.isConnected || this.#inFlight >= SENDING_WINDOW) return false;
    const built = this.#nextBuilt();
    if (built) this.#run(this.#send(built));
    return built !== undefined;
  }

  #nextBuilt(): BuiltPart | undefined {
    for (let again = this.#again.shift(); again; again = this.#again.shift()) {
      if (!this.#builder.isCurrent(again.packet)) this.#outbox.putBack(again.part);
      else if (!again.part.message.isOver) return again;
    }
    for (let part = this.#outbox.next(); part; part = this.#outbox.next()) {
      try {
        return { part, packet: this.#builder.build(part.message.to, part.fragment, "message") };
      } catch (error) {
        this.drop(part.message, error);
      }
    }
    return undefined;
  }

  /** While there is no connection nothing is sent, so that nothing piles up and leaves in one go. */
  #tick(): void {
    const { isConnected } = this.#link;
    const ready = this.#ready;
    if (!isConnected || !ready || ready.part.message.isOver) return this.#sendCover();
    this.#ready = undefined;
    this.#run(this.#send(ready));
    this.wake();
  }

  #sendCover(): void {
    const cover = this.#link.isConnected ? this.#covers.shift() : undefined;
    if (cover) this.#run(this.#submit(cover).catch(onlyPeapErrors));
    this.wake();
  }

  async #send(built: BuiltPart): Promise<void> {
    const { part, packet } = built;
    this.#inFlight++;
    try {
      if (await this.#submit(packet)) {
        part.message.accepted();
        if (part.message.isOver) this.#outbox.remove(part.message);
      } else await this.#refused(part, "too many packets are queued for the mixnodes");
    } catch (error) {
      if (!(error instanceof PeapError)) throw error;
      if (error.kind === "gateway") await this.#refused(part, error.message);
      else if (this.#settings.reconnect && !this.#link.obstacle) this.#again.push(built);
      else this.drop(part.message, this.#link.obstacle ?? error);
    } finally {
      this.#inFlight--;
      this.wake();
    }
  }

  /** Resolves with whether the gateway accepted the packet. */
  async #submit({ firstHop, packet, number, trace: event }: Packet): Promise<boolean> {
    const { trace } = this.#settings;
    trace(event);
    try {
      const isAccepted = await this.#link.send(firstHop, packet);
      trace({ type: isAccepted ? "packet-accepted" : "packet-refused", packet: number });
      return isAccepted;
    } catch (error) {
      trace({ type: "packet-lost", packet: number });
      throw error;
    }
  }

  /** The part is sent again on another route, later, and given up after some refusals. */
  async #refused(part: Part, why: string): Promise<void> {
    const delay = RETRY_DELAYS[part.refusals++];
    if (delay === undefined) {
      const error = new PeapError("gateway", `The gateway did not accept a packet: ${why}`, { retryable: true });
      return this.drop(part.message, error);
    }
    await pause(delay, this.#signal, this.#settings.surroundings.clock);
    this.#outbox.putBack(part);
  }

  #run(task: Promise<unknown>): void {
    const running = task.finally(() => this.#tasks.delete(running));
    this.#tasks.add(running);
  }
}

/** Cover that cannot be sent is left out. */
function onlyPeapErrors(error: unknown): void {
  if (!(error instanceof PeapError)) throw error;
}
