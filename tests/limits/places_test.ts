import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Places } from "../../src/limits/places.ts";
import { peerNetwork } from "../../src/limits/peers.ts";

const here = peerNetwork("127.0.0.1", false);

/** Places of which each newcomer takes one, if need be in place of another. */
class Hall {
  readonly places: Places<number>;
  readonly evicted: number[] = [];
  refused = 0;
  #next = 0;
  readonly #networks = new Map<number, string>();

  constructor(total: number, perNetwork: number, pending = { total, perNetwork }) {
    this.places = new Places(() => ({ total, perNetwork }), () => pending);
  }

  come(network: string): number | undefined {
    const room = this.places.roomFor(network);
    if (room.kind === "no") return void this.refused++;
    if (room.kind === "evict") {
      this.evicted.push(room.holder);
      this.places.leave(this.#networks.get(room.holder)!, room.holder);
    }
    const holder = this.#next++;
    this.places.take(network, holder);
    this.#networks.set(holder, network);
    return holder;
  }
}

Deno.test("within the limits all come and stay", () => {
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

Deno.test("a newcomer to a network full of confirmed connections is refused, one of another network is not", () => {
  const hall = new Hall(10, 2);
  for (let i = 0; i < 2; i++) hall.places.confirm("a", hall.come("a")!);
  assertEquals(hall.come("a"), undefined);
  assertEquals(hall.come("b"), 2);
  hall.places.leave("a", 0);
  assertEquals(hall.come("a"), 3);
  assertEquals(hall.refused, 1);
});

Deno.test("when all is full, the network with most pending connections loses one", () => {
  const hall = new Hall(5, 5);
  for (const network of ["b", "a", "a", "a", "b"]) hall.come(network);
  hall.come("c");
  assertEquals(hall.evicted, [1]);
  for (const holder of [0, 2, 3, 4, 5]) {
    for (const network of ["a", "b", "c"]) hall.places.confirm(network, holder);
  }
  assertEquals(hall.come("d"), undefined);
});

Deno.test("pending connections have bounds of their own", () => {
  const hall = new Hall(100, 100, { total: 3, perNetwork: 2 });
  hall.come("a");
  hall.come("a");
  hall.come("a");
  assertEquals(hall.evicted, [0]);
  hall.come("b");
  hall.come("c");
  assertEquals([hall.evicted, hall.places.pendingTaken], [[0, 1], 3]);
});

Deno.test("for this machine only the totals count", () => {
  const hall = new Hall(5, 2);
  for (let i = 0; i < 5; i++) hall.come(here);
  assertEquals(hall.evicted, []);
  hall.come(here);
  assertEquals(hall.evicted, [0]);
});

Deno.test("whatever comes, is confirmed and goes, no limit is exceeded and nothing is held for ever", () => {
  const step = fc.tuple(fc.constantFrom("come", "confirm", "leave"), fc.constantFrom("a", "b", "c"), fc.nat(30));
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const places = new Places<number>(() => ({ total: 6, perNetwork: 3 }), () => ({ total: 4, perNetwork: 2 }));
    const held = new Map<number, { network: string; isPending: boolean }>();
    let next = 0;
    for (const [action, network, pick] of steps) {
      const holder = [...held.keys()][pick % Math.max(1, held.size)];
      if (action === "come") {
        const room = places.roomFor(network);
        if (room.kind === "no") continue;
        if (room.kind === "evict") {
          assertEquals(held.get(room.holder)!.isPending, true);
          places.leave(held.get(room.holder)!.network, room.holder);
          held.delete(room.holder);
        }
        places.take(network, next);
        held.set(next++, { network, isPending: true });
      } else if (holder !== undefined && action === "confirm") {
        places.confirm(held.get(holder)!.network, holder);
        held.get(holder)!.isPending = false;
      } else if (holder !== undefined) {
        places.leave(held.get(holder)!.network, holder);
        held.delete(holder);
      }
      const pending = [...held.values()].filter(({ isPending }) => isPending);
      assertEquals([places.taken, places.pendingTaken], [held.size, pending.length]);
      assertEquals(held.size <= 6 && pending.length <= 4, true);
      for (const name of ["a", "b", "c"]) {
        assertEquals([...held.values()].filter(({ network }) => network === name).length <= 3, true);
        assertEquals(pending.filter(({ network }) => network === name).length <= 2, true);
      }
    }
  }));
});
