import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Places } from "../../src/limits/places.ts";
import { peerNetwork } from "../../src/limits/peers.ts";

const here = peerNetwork("127.0.0.1", false);

/** Places of which each newcomer takes one, if need be in place of another. */
class Hall {
  readonly places: Places<number>;
  readonly drivenOut: number[] = [];
  refused = 0;
  #next = 0;
  readonly #networks = new Map<number, string>();

  constructor(total: number, perNetwork: number, unproven = { total, perNetwork }) {
    this.places = new Places({ total, perNetwork }, unproven);
  }

  come(network: string): number | undefined {
    const room = this.places.roomFor(network);
    if (room.kind === "no") return void this.refused++;
    if (room.kind === "drive out") {
      this.drivenOut.push(room.holder);
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
  assertEquals([hall.places.taken, hall.drivenOut, hall.refused], [4, [], 0]);
});

Deno.test("in a full network the oldest that has proven nothing goes", () => {
  const hall = new Hall(10, 3);
  for (let i = 0; i < 3; i++) hall.come("a");
  hall.places.confirm("a", 0);
  hall.come("a");
  assertEquals(hall.drivenOut, [1]);
  hall.come("b");
  assertEquals(hall.places.taken, 4);
});

Deno.test("in a network full of the proven a newcomer has to go, another network's has not", () => {
  const hall = new Hall(10, 2);
  for (let i = 0; i < 2; i++) hall.places.confirm("a", hall.come("a")!);
  assertEquals(hall.come("a"), undefined);
  assertEquals(hall.come("b"), 2);
  hall.places.leave("a", 0);
  assertEquals(hall.come("a"), 3);
  assertEquals(hall.refused, 1);
});

Deno.test("when all is full, the network that has most of the unproven gives way", () => {
  const hall = new Hall(5, 5);
  for (const network of ["b", "a", "a", "a", "b"]) hall.come(network);
  hall.come("c");
  assertEquals(hall.drivenOut, [1]);
  for (const holder of [0, 2, 3, 4, 5]) {
    for (const network of ["a", "b", "c"]) hall.places.confirm(network, holder);
  }
  assertEquals(hall.come("d"), undefined);
});

Deno.test("the unproven have bounds of their own", () => {
  const hall = new Hall(100, 100, { total: 3, perNetwork: 2 });
  hall.come("a");
  hall.come("a");
  hall.come("a");
  assertEquals(hall.drivenOut, [0]);
  hall.come("b");
  hall.come("c");
  assertEquals([hall.drivenOut, hall.places.unprovenTaken], [[0, 1], 3]);
});

Deno.test("for this machine only the totals count", () => {
  const hall = new Hall(5, 2);
  for (let i = 0; i < 5; i++) hall.come(here);
  assertEquals(hall.drivenOut, []);
  hall.come(here);
  assertEquals(hall.drivenOut, [0]);
});

Deno.test("whatever comes, proves itself and goes, no limit is exceeded and nothing is held for ever", () => {
  const step = fc.tuple(fc.constantFrom("come", "confirm", "leave"), fc.constantFrom("a", "b", "c"), fc.nat(30));
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const places = new Places<number>({ total: 6, perNetwork: 3 }, { total: 4, perNetwork: 2 });
    const held = new Map<number, { network: string; proven: boolean }>();
    let next = 0;
    for (const [action, network, pick] of steps) {
      const holder = [...held.keys()][pick % Math.max(1, held.size)];
      if (action === "come") {
        const room = places.roomFor(network);
        if (room.kind === "no") continue;
        if (room.kind === "drive out") {
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
      assertEquals([places.taken, places.unprovenTaken], [held.size, unproven.length]);
      assertEquals(held.size <= 6 && unproven.length <= 4, true);
      for (const name of ["a", "b", "c"]) {
        assertEquals([...held.values()].filter(({ network }) => network === name).length <= 3, true);
        assertEquals(unproven.filter(({ network }) => network === name).length <= 2, true);
      }
    }
  }));
});
