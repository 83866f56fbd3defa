import { assert } from "@std/assert";
import { Places } from "../../src/limits/places.ts";
import { many } from "../hostile/besieged.ts";

/** As in the default configuration. */
const BEFORE_LOGIN = { total: 1024, perNetwork: 32 };
const CLIENTS = { total: 10_000, perNetwork: 500 };
const LOGIN_DEADLINE = 10_000;
/** Registering with a proof takes two round trips. */
const ROUND_TRIPS = 2;
const ATTEMPTS = 20;
/** Floods from the same number of networks, in the same manner. */
const SEEDS = many(1, 50);

interface Flood {
  /** connections a second */
  rate: number;
  networks: number;
  /** whether connections rotate over the networks, instead of choosing them at random */
  isOrderly: boolean;
  /** connections that arrive at once */
  burst: number;
  seed: number;
}

/**
 * The number of a client's successful attempts during a flood, in virtual time. Clients and flood use different
 * networks.
 */
function successes({ rate, networks, isOrderly, burst, seed }: Flood, roundTrip: number): number {
  let now = 0;
  const places = new Places<{ network: string }>(() => CLIENTS, () => BEFORE_LOGIN, undefined, () => now);
  const present = new Map<{ network: string }, number>();
  const leave = (holder: { network: string }) => {
    places.leave(holder.network, holder);
    present.delete(holder);
  };
  const come = (network: string) => {
    const room = places.roomFor(network);
    if (room.kind === "no") return undefined;
    if (room.kind === "evict") leave(room.holder);
    const holder = { network };
    places.take(network, holder);
    present.set(holder, now);
    return holder;
  };
  let random = seed;
  let arrivals = 0;
  const flood = () => {
    for (let i = 0; i < burst; i++) {
      random = Math.imul(random, 1_664_525) + 1_013_904_223 >>> 0;
      come(`attacker ${isOrderly ? arrivals++ % networks : Math.floor(random / 2 ** 32 * networks)}`);
    }
    for (const [holder, since] of present) {
      if (now - since < LOGIN_DEADLINE) break;
      leave(holder);
    }
  };
  const step = 1000 * burst / rate;
  let succeeded = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    for (const end = now + LOGIN_DEADLINE / 2; now < end; now += step) flood();
    const client = come(attempt % 2 === 0 ? "a client" : `client ${attempt}`);
    for (const end = now + ROUND_TRIPS * roundTrip; now < end; now += step) flood();
    if (client === undefined || !present.has(client)) continue;
    succeeded++;
    places.confirm(client.network, client);
    leave(client);
  }
  return succeeded;
}

Deno.test("a client with a round trip of 1 s logs in 9 times of 10 under 256 connections a second from any networks", () => {
  for (const networks of [1, 30, 300, 3000, 65_536]) {
    for (const [isOrderly, burst] of [[true, 1], [false, 16], [true, 256]] as const) {
      for (let seed = networks; seed < networks + (isOrderly ? 1 : SEEDS); seed++) {
        const succeeded = successes({ rate: 256, networks, isOrderly, burst, seed }, 1000);
        assert(succeeded >= 0.9 * ATTEMPTS, `${succeeded} of ${ATTEMPTS} beside ${networks} networks, seed ${seed}`);
      }
    }
  }
});

Deno.test("… and under 4,000 a second, from up to 5,000 networks", () => {
  for (const networks of [1, 40, 2000, 5000]) {
    const succeeded = successes({ rate: 4000, networks, isOrderly: true, burst: 40, seed: 1 }, 500);
    assert(succeeded >= 0.9 * ATTEMPTS, `${succeeded} of ${ATTEMPTS} beside ${networks} networks`);
  }
});
