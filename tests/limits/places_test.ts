import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { networkOf } from "../../src/limits/network.ts";
import { Places, type Shares, type Standing } from "../../src/limits/places.ts";
import { BEHIND_A_PROXY, peerNetwork } from "../../src/limits/peers.ts";

const here = peerNetwork("127.0.0.1", false);

/** Places in which each newcomer is admitted, refused, or replaces another. */
class Hall {
  readonly places: Places<number>;
  readonly evicted: number[] = [];
  refused = 0;
  #next = 0;
  readonly #networks = new Map<number, string>();

  constructor(total: number, perNetwork: number, shares?: Shares<number>, pending = { total, perNetwork }) {
    this.places = new Places(() => ({ total, perNetwork }), () => pending, shares);
  }

  come(network: string, standing: Standing = "pending"): number | undefined {
    const room = this.places.roomFor(network, standing);
    if (room.kind === "no") return void this.refused++;
    if (room.kind === "evict") {
      this.evicted.push(room.holder);
      this.places.leave(this.#networks.get(room.holder)!, room.holder);
    }
    const holder = this.#next++;
    this.places.take(network, holder, standing);
    this.#networks.set(holder, network);
    return holder;
  }

  /** Admits a newcomer and confirms it. */
  comeConfirmed(network: string): number | undefined {
    const holder = this.come(network);
    if (holder !== undefined) this.places.confirm(network, holder);
    return holder;
  }
}

Deno.test("within the limits, everyone is admitted", () => {
  const hall = new Hall(4, 2);
  for (const network of ["a", "b", "a", "b"]) hall.come(network);
  assertEquals([hall.places.taken, hall.evicted, hall.refused], [4, [], 0]);
});

Deno.test("in a full network the oldest pending connection is evicted", () => {
  const hall = new Hall(10, 3);
  for (let i = 0; i < 3; i++) hall.come("a");
  hall.places.confirm("a", 0);
  hall.come("a");
  assertEquals(hall.evicted, [1]);
  hall.come("b");
  assertEquals(hall.places.taken, 4);
});

Deno.test("a newcomer is refused if its network is full of confirmed connections; one from another network is not", () => {
  const hall = new Hall(10, 2);
  for (let i = 0; i < 2; i++) hall.places.confirm("a", hall.come("a")!);
  assertEquals(hall.come("a"), undefined);
  assertEquals(hall.come("b"), 2);
  hall.places.leave("a", 0);
  assertEquals(hall.come("a"), 3);
  assertEquals(hall.refused, 1);
});

Deno.test("when the total is reached, the network with the most pending connections loses one", () => {
  const hall = new Hall(5, 5);
  for (const network of ["b", "a", "a", "a", "b"]) hall.come(network);
  hall.come("c");
  assertEquals(hall.evicted, [1]);
  for (const holder of [0, 2, 3, 4, 5]) {
    for (const network of ["a", "b", "c"]) hall.places.confirm(network, holder);
  }
  assertEquals(hall.come("d"), undefined);
});

Deno.test("pending connections have their own limits", () => {
  const hall = new Hall(100, 100, undefined, { total: 3, perNetwork: 2 });
  hall.come("a");
  hall.come("a");
  hall.come("a");
  assertEquals(hall.evicted, [0]);
  hall.come("b");
  hall.come("c");
  assertEquals([hall.evicted, hall.places.pendingTaken], [[0, 1], 3]);
});

Deno.test("this machine has the limits of 32 networks", () => {
  const hall = new Hall(1000, 2);
  for (let i = 0; i < 64; i++) hall.come(here);
  assertEquals(hall.evicted, []);
  hall.come(here);
  assertEquals(hall.evicted, [0]);
  const full = new Hall(10, 2);
  full.come("a");
  for (let i = 0; i < 11; i++) full.come(here);
  full.come("b");
  assertEquals(full.evicted, [1, 2, 3]); // its oldest, as it has most; none is suspected
});

Deno.test("for connections through a proxy, only the totals apply until their client is known", () => {
  const hall = new Hall(5, 2);
  for (let i = 0; i < 5; i++) hall.come(BEHIND_A_PROXY);
  assertEquals(hall.evicted, []);
  hall.come(BEHIND_A_PROXY);
  assertEquals(hall.evicted, [0]); // none is suspected
});

/** A quarter for pending and a quarter for known connections. `lately`: the most recently useful first. */
const sharing = (lately: number[] = []): Shares<number> => ({
  pending: 1 / 4,
  known: 1 / 4,
  usefulAt: (holder) => lately.includes(holder) ? 1000 - lately.indexOf(holder) : holder,
});

Deno.test("of too many confirmed connections, the longest idle one of the largest network is evicted", () => {
  const hall = new Hall(8, 8, sharing([1, 0]));
  for (const network of ["a", "b", "b", "b", "c", "c", "c", "d"]) hall.comeConfirmed(network);
  hall.come("e");
  assertEquals(hall.evicted, [2]); // not 1, which was useful recently
  hall.come("f");
  assertEquals(hall.evicted, [2, 4]);
  hall.come("g"); // pending ones have their quarter, and confirmed ones their half and the quarter of the known
  assertEquals(hall.evicted, [2, 4, 3]);
});

Deno.test("in a network full of confirmed connections, the longest idle one is evicted for a newcomer", () => {
  const hall = new Hall(100, 2, sharing([0]));
  for (let i = 0; i < 2; i++) hall.comeConfirmed("a");
  hall.come("a");
  hall.come("a");
  assertEquals(hall.evicted, [1, 2]); // the second newcomer evicts the first
});

Deno.test("known connections keep their share whoever connects, and get it whoever is connected", () => {
  const hall = new Hall(8, 8, sharing());
  for (const network of ["a", "b"]) hall.come(network, "known");
  for (let i = 0; i < 50; i++) hall.comeConfirmed(`p${i}`);
  for (let i = 0; i < 50; i++) hall.come(`n${i}`);
  assertEquals(hall.evicted.filter((holder) => holder < 2), []);
  assertEquals([hall.places.taken, hall.places.pendingTaken], [8, 2]);

  const taken = new Hall(8, 8, sharing());
  for (let i = 0; i < 8; i++) taken.comeConfirmed(`p${i}`);
  for (let i = 0; i < 3; i++) taken.come("k", "known");
  assertEquals(taken.evicted, [0, 1, 2]);
});

Deno.test("of too many known connections, one of the largest network is evicted", () => {
  const hall = new Hall(8, 8, sharing());
  hall.come("honest", "known");
  for (let i = 0; i < 50; i++) hall.come("greedy", "known");
  hall.come("late", "known");
  assertEquals(hall.evicted.includes(0), false);
  assertEquals(hall.refused, 0);
});

Deno.test("the networks of an IPv6 site count towards the limits of the site", () => {
  const hall = new Hall(100, 2);
  const network = (i: number) => networkOf(`2001:db8:1:${i}::1`);
  for (let i = 0; i < 4; i++) for (let j = 0; j < 2; j++) hall.come(network(i));
  assertEquals(hall.evicted, []);
  hall.come(network(4));
  assertEquals(hall.evicted, [0]);
  hall.come(network(2));
  assertEquals(hall.evicted, [0, 4]); // its own, because it has two
  hall.come(networkOf("2001:db8:2::1"));
  assertEquals(hall.places.taken, 9);
});

Deno.test("in any order of arrivals, confirmations and departures, no limit is exceeded and nothing is leaked", () => {
  const step = fc.tuple(fc.constantFrom("come", "confirm", "leave"), fc.constantFrom("a", "b", "c"), fc.nat(30));
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const places = new Places<number>(() => ({ total: 6, perNetwork: 3 }), () => ({ total: 4, perNetwork: 2 }));
    const held = new Map<number, { network: string; proven: boolean }>();
    let next = 0;
    for (const [action, network, pick] of steps) {
      const holder = [...held.keys()][pick % Math.max(1, held.size)];
      if (action === "come") {
        const room = places.roomFor(network);
        if (room.kind === "no") continue;
        if (room.kind === "evict") {
          assertEquals(held.get(room.holder)!.proven, false);
          places.leave(held.get(room.holder)!.network, room.holder);
          held.delete(room.holder);
        }
        places.take(network, next);
        held.set(next++, { network, proven: false });
      } else if (holder !== undefined && action === "confirm") {
        places.confirm(held.get(holder)!.network, holder);
        held.get(holder)!.proven = true;
      } else if (holder !== undefined) {
        places.leave(held.get(holder)!.network, holder);
        held.delete(holder);
      }
      const unproven = [...held.values()].filter(({ proven }) => !proven);
      assertEquals([places.taken, places.pendingTaken], [held.size, unproven.length]);
      assertEquals(held.size <= 6 && unproven.length <= 4, true);
      for (const name of ["a", "b", "c"]) {
        assertEquals([...held.values()].filter(({ network }) => network === name).length <= 3, true);
        assertEquals(unproven.filter(({ network }) => network === name).length <= 2, true);
      }
    }
  }));
});
