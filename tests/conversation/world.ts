import { assertEquals } from "@std/assert";
import { ConversationCore } from "../../src/conversation/core.ts";
import type { Datagram, Effects, ReportedMessage } from "../../src/conversation/effects.ts";
import type { Invitation } from "../../src/conversation/invitation.ts";
import { encodeRecord, peerKey } from "../../src/conversation/stored.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import type { Random } from "../support/random.ts";

/** ms */
export const RESEND_AFTER = 1000;

/** A way for things to go wrong: when a step is about to be stored, or when it has been stored and not yet carried out. */
type Crash = "before" | "after";

/** A message as a program sees it. */
export interface Seen {
  readonly id: string;
  readonly peer: string;
  readonly data: Uint8Array;
}

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

/** A mixnet and gateways of no substance: datagrams wait in a heap, and whoever holds it decides. */
export class World {
  /** ms */
  now = 0;
  /** of all sides so far */
  steps = 0;
  /** the step with a crash */
  planned: { at: number; crash: Crash } | undefined;
  readonly datagrams: Datagram[] = [];
  readonly #sides = new Map<string, Side>();

  constructor(readonly random: Random) {}

  side(): Side {
    const side = new Side(this, this.#newAddress());
    this.#sides.set(side.address, side);
    return side;
  }

  /** Gives a side's client another address; what goes to the old one is lost. */
  move(side: Side): void {
    this.#sides.delete(side.address);
    side.address = this.#newAddress();
    this.#sides.set(side.address, side);
    side.restart();
  }

  #newAddress(): string {
    return `${encodeBase58(this.random.bytes(32))}@${encodeBase58(this.random.bytes(32))}`;
  }

  /** Takes a datagram out at random. */
  take(): Datagram | undefined {
    return this.datagrams.splice(this.random.below(this.datagrams.length), 1)[0];
  }

  deliver({ to, bytes }: Datagram, crash?: Crash): void {
    this.#sides.get(to)?.step((core, now) => core.received(bytes, now), crash);
  }

  /** Lets time pass without losses until nobody has anything to do. */
  settle(): void {
    for (let rounds = 0; rounds < 10_000; rounds++) {
      for (let datagram = this.take(); datagram; datagram = this.take()) this.deliver(datagram);
      const next = Math.min(...[...this.#sides.values()].map((side) => side.tickAt));
      if (next === Infinity) return;
      this.now = Math.max(this.now, next);
      this.tick();
    }
    throw new Error(`the world does not settle: ${
      JSON.stringify([...this.#sides.values()].map(({ core, tickAt }) => ({
        id: core.id.slice(0, 4),
        tickAt,
        peers: [...core.peers].map(({ id, waiting, record }) => ({
          id: id.slice(0, 4),
          waiting,
          isPairing: record.pairing !== undefined,
          isAnswering: record.response !== undefined,
          isConfirmed: record.isConfirmed,
          next: [record.nextOut, record.nextIn],
        })),
      })))
    }`);
  }

  tick(crash?: Crash): void {
    for (const side of this.#sides.values()) {
      if (this.now >= side.tickAt) side.step((core, now) => core.tick(now), crash);
    }
  }
}

/** One client: a core, its store, and a program that takes what it is given. */
export class Side {
  readonly stored = new Map<string, Uint8Array>();
  /** in the order in which the program saw them first */
  readonly seen: Seen[] = [];
  /** ids of messages that were reported as arrived */
  readonly arrived = new Set<string>();
  /** reported, not yet read by the program */
  #reported: ReportedMessage[] = [];
  #bootedAt = 0;
  #core: ConversationCore;

  constructor(private readonly world: World, public address: string) {
    this.#core = this.#restore();
  }

  get core(): ConversationCore {
    return this.#core;
  }

  /** in the world's time */
  get tickAt(): number {
    return this.#bootedAt + this.#core.tickAt;
  }

  invite(): Invitation {
    const { invitation, effects } = this.#core.invite();
    this.#apply(effects);
    return invitation;
  }

  accept(invitation: Invitation): string {
    const { peer, effects } = this.#core.accept(invitation, this.#now);
    this.#apply(effects);
    return peer;
  }

  /** The message's id; undefined if a crash came before it was stored. */
  send(peer: string, data: Uint8Array, crash?: Crash): string | undefined {
    let id: string | undefined;
    const isStored = this.step((core, now) => {
      const sent = core.send(peer, data, now);
      id = sent.id;
      return sent.effects;
    }, crash);
    return isStored ? id : undefined;
  }

  /** The program reads a message and takes it: of those reported, the first or the one at `index`. */
  take(crash?: Crash, index = 0): void {
    const [next] = this.#reported.splice(index, 1);
    if (!next) return;
    const { id, peer } = next;
    const data = this.#core.read(next);
    if (!data) return; // its peer was forgotten
    const known = this.seen.find((each) => each.id === id);
    if (known) assertEquals(data, known.data);
    else this.seen.push({ id, peer, data });
    this.step((core) => core.taken(next), crash);
  }

  /** Whether there is something to take. */
  get hasReports(): boolean {
    return this.#reported.length > 0;
  }

  /** One step of the core, with a crash at its worst moments; whether it was stored. */
  step(step: (core: ConversationCore, now: number) => Effects, crash = this.#plannedCrash()): boolean {
    const effects = step(this.#core, this.#now);
    if (crash === undefined) this.#apply(effects);
    if (crash === "after") this.#store(effects);
    if (crash !== undefined) this.restart();
    return crash !== "before";
  }

  /** The process ends, and a new one begins with what was stored. */
  restart(): void {
    this.#reported = [];
    this.#bootedAt = this.world.now;
    this.#core = this.#restore();
  }

  #plannedCrash(): Crash | undefined {
    const { planned } = this.world;
    return this.world.steps++ === planned?.at ? planned.crash : undefined;
  }

  get #now(): number {
    return this.world.now - this.#bootedAt;
  }

  #restore(): ConversationCore {
    const random = (size: number) => this.world.random.bytes(size);
    const options = { address: this.address, resendAfter: RESEND_AFTER, random };
    const { core, effects } = ConversationCore.restore(new Map(this.stored), options, 0);
    this.#core = core;
    this.#apply(effects);
    return core;
  }

  #apply(effects: Effects): void {
    this.#store(effects);
    for (const datagram of effects.datagrams) {
      this.world.datagrams.push(datagram);
      this.#core.sent(datagram, !this.world.random.oneIn(20), this.#now); // some are refused, and yet arrive
    }
    for (const happening of effects.happenings) {
      if (happening.type === "message") this.#reported.push(happening);
      if (happening.type === "arrived") this.arrived.add(happening.id);
    }
  }

  #store({ writes }: Effects): void {
    for (const [key, value] of writes) {
      if (value === undefined) this.stored.delete(key);
      else this.stored.set(key, value.slice());
    }
    // Or a restart would use keys twice.
    for (const { id, record } of this.#core.peers) {
      assertEquals(text(this.stored.get(peerKey(id))), text(encodeRecord(record)), "memory is ahead of the store");
    }
  }
}
