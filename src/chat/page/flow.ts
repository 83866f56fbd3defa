import type { Cargo, TraceEvent } from "../../peap/mod.ts";
import type { Place } from "../places.ts";
import type { Sighting } from "../wire.ts";

/** How long a dot takes from place to place, in ms: really it is less than one. */
export const TRAVEL = 380;
/** A packet that stays this long (ms) at a node, and this many mean delays at a mixnode, is lost: nodes give it up. */
const LOST_AFTER = { ms: 2500, delays: 12 };
/** What stays at a gateway for this long (ms) while all its windows are there was cover, which waits for nobody. */
const KEPT = 3000;
/** How long a lost dot takes to fade, in ms. */
export const FADE = 1500;
/** What is due may be seen this much (ms) too early: the clocks of page and wire differ. */
const EARLY = 30;

/** Frames between a window and its gateway: a packet that is sent, one that is delivered, cover that is delivered. */
const SENT_SIZE = 1300;
const DELIVERED_SIZE = 600;
/** "The cake is a lie!" with its header */
const COVER_SIZE = 20;

/** A packet in the picture. */
export interface Dot {
  /** differs for each */
  readonly key: number;
  /** what it carries, for the window that sent it; undefined for everybody else */
  readonly cargo: Cargo | undefined;
  /** the spot that it left last */
  from: string;
  /** the spot where it is, or will be in a moment */
  to: string;
  /** ms, when it left `from` */
  since: number;
  /** ms, when it got lost */
  lostAt?: number;
}

/** A packet of this window, with what only this window knows: where it goes, and when. */
interface Journey {
  readonly dot: Dot;
  readonly legs: readonly { readonly from: string; readonly to: string; readonly due: number }[];
  next: number;
}

/** A frame on this window's own link. */
export interface Tick {
  /** ms */
  readonly at: number;
  /** by this window, or to it */
  readonly isSent: boolean;
  /** undefined if this window does not know */
  readonly cargo: Cargo | undefined;
}

/**
 * The places of a dot: each gateway and window has two, on the way in and on the way out.
 * As in `w1>`, `g1>`, `m4`, `>g2`, `>w2`.
 */
export function spotsOf(from: string, to: string): readonly [string, string] {
  const isOut = from.startsWith("w") || from.startsWith("g") && to.startsWith("m");
  const spot = (place: string) => place.startsWith("m") ? place : isOut ? `${place}>` : `>${place}`;
  return [spot(from), spot(to)];
}

/**
 * Where packets are. A watcher counts: one more came to a place than left it, so one rests there. Which of them leaves
 * next, only its sender knows. Pure: all times are parameters, in ms.
 */
export class Flow {
  readonly #window: string;
  readonly #meanHopDelay: number;
  readonly #placeOf: ReadonlyMap<string, string>;
  readonly #dots = new Set<Dot>();
  readonly #journeys = new Set<Journey>();
  /** of every window that was seen */
  readonly #gateways = new Map<string, string>();
  /** the gateways with all their windows connected, and since when (ms) */
  readonly #complete = new Map<string, number>();
  #count = 0;
  /** of the last seconds, the oldest first */
  readonly ticks: Tick[] = [];

  /** `window`: this one's name, as in `w1` */
  constructor(window: string, places: readonly Place[], meanHopDelay: number) {
    this.#window = window;
    this.#meanHopDelay = meanHopDelay;
    this.#placeOf = new Map(places.map(({ id, host }) => [host, id]));
  }

  /** Every dot, in the order in which they appeared. */
  get dots(): Iterable<Dot> {
    return this.#dots;
  }

  /** These windows are connected to these gateways now. */
  connected(connections: Readonly<Record<string, string>>, now: number): void {
    for (const [window, gateway] of Object.entries(connections)) this.#gateways.set(window, gateway);
    const incomplete = new Set<string>();
    for (const [window, gateway] of this.#gateways) if (!connections[window]) incomplete.add(gateway);
    for (const gateway of this.#gateways.values()) {
      if (incomplete.has(gateway)) this.#complete.delete(gateway);
      else if (!this.#complete.has(gateway)) this.#complete.set(gateway, now);
    }
  }

  /** This window's client did something. */
  know(event: TraceEvent, gateway: string, now: number): void {
    if (event.type !== "packet-sent") return;
    const route = [this.#window, gateway, ...event.hops.map(({ host }) => this.#placeOf.get(host) ?? host)];
    const dot = this.#newDot(`${this.#window}>`, now, event.carries);
    let due = now;
    const legs = route.slice(1).map((to, i) => {
      due += i < 2 ? 0 : event.hops[i - 2]!.delay;
      return { from: route[i]!, to, due };
    });
    this.#journeys.add({ dot, legs, next: 0 });
  }

  /** Something passed the wire. */
  see([, from, to, bytes]: Sighting, now: number): void {
    if (from.startsWith("w") && bytes < SENT_SIZE) return; // a question or an acknowledgement
    if (to.startsWith("w") && bytes < DELIVERED_SIZE && bytes !== COVER_SIZE) return;
    const journey = this.#journeyOf(from, to, now);
    const [spot, next] = spotsOf(from, to);
    const dot = journey?.dot ?? this.#anyAt(spot, to === this.#window && bytes === COVER_SIZE) ??
      this.#newDot(spot, now, undefined);
    this.#dots.add(dot);
    this.#move(dot, spot, next, now);
    if (journey && ++journey.next === journey.legs.length) this.#journeys.delete(journey);
    if (from === this.#window || to === this.#window) {
      this.ticks.push({ at: now, isSent: from === this.#window, cargo: dot.cargo });
    }
  }

  /** Forgets what has arrived, has been lost, or is too old for the ticks, which are shown for `span` ms. */
  advance(now: number, span: number): void {
    for (const dot of this.#dots) {
      const isGone = dot.to.startsWith(">w")
        ? now - dot.since > TRAVEL
        : dot.to.startsWith(">g")
        ? now - Math.max(dot.since, dot.cargo === "cover" ? 0 : this.#complete.get(dot.to.slice(1)) ?? now) > KEPT
        : dot.lostAt !== undefined && now - dot.lostAt > FADE;
      if (isGone) this.#dots.delete(dot);
      else if (!dot.to.startsWith(">") && now - dot.since > this.#patience(dot.to)) dot.lostAt ??= now;
    }
    for (const journey of this.#journeys) {
      const { due, from } = journey.legs[journey.next]!;
      if (now - due > this.#patience(from)) this.#journeys.delete(journey);
    }
    while (this.ticks[0] && now - this.ticks[0].at > span) this.ticks.shift();
  }

  /** Forgets all: the wire was not watched for a while. */
  clear(): void {
    this.#dots.clear();
    this.#journeys.clear();
    this.ticks.length = 0;
  }

  /** ms after which a packet at a place is lost */
  #patience(place: string): number {
    return LOST_AFTER.ms + (place.startsWith("m") ? LOST_AFTER.delays * this.#meanHopDelay : 0);
  }

  #newDot(at: string, now: number, cargo: Cargo | undefined): Dot {
    return { key: ++this.#count, cargo, from: at, to: at, since: now };
  }

  /** The packet of this window that should pass this link now, if there is one. */
  #journeyOf(from: string, to: string, now: number): Journey | undefined {
    let found: Journey | undefined;
    for (const journey of this.#journeys) {
      const leg = journey.legs[journey.next]!;
      if (leg.from !== from || leg.to !== to || leg.due > now + EARLY) continue;
      if (!found || leg.due < found.legs[found.next]!.due) found = journey;
    }
    return found;
  }

  /** One of those at a place. Cover that this window gets is its own; whatever else leaves may be anybody's. */
  #anyAt(spot: string, isOwnCover: boolean): Dot | undefined {
    const atPlace = [...this.#dots].filter(({ to, lostAt }) => to === spot && lostAt === undefined);
    const isDelivered = spot.startsWith(">g");
    return isOwnCover && atPlace.find(({ cargo }) => cargo === "cover") ||
      atPlace.find(({ cargo }) => cargo === undefined || isDelivered && cargo === "message");
  }

  /** A dot that is still on its way to a place leaves it when it is there. */
  #move(dot: Dot, from: string, to: string, now: number): void {
    const arrival = dot.from === dot.to ? now : dot.since + TRAVEL;
    Object.assign(dot, { from, to, since: Math.max(now, arrival) });
  }
}
