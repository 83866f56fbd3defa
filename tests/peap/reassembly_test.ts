import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodePart } from "../../src/peap/fragment.ts";
import { fragments } from "../../src/peap/fragmentation.ts";
import { MAX_HELD_FRAGMENTS, MAX_SILENCE, Reassembler } from "../../src/peap/reassembly.ts";
import { shuffled, vectorMessage } from "./fragment_vectors.ts";

/** A reassembler whose origins are numbers, with its released origins and a manual clock. */
class Bench {
  readonly released: number[] = [];
  now = 0;
  readonly reassembler = new Reassembler<number>((origins) => this.released.push(...origins), () => this.now);
  #next = 0;

  /** Adds the fragments, numbered consecutively; returns the completed messages. */
  add(...fragments: Uint8Array[]): { data: Uint8Array; origins: number[] }[] {
    return fragments.flatMap((fragment) => this.reassembler.add(fragment, this.#next++) ?? []);
  }
}

Deno.test("messages are reassembled from fragments in any order, mixed with duplicates and garbage", () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 8000 }), { minLength: 1, maxLength: 5 });
  const garbage = fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }).map((bytes) => bytes.fill(3, 0, 1)));
  fc.assert(fc.property(lengths, garbage, (lengths, garbage) => {
    const messages = lengths.map((length, index) => vectorMessage(length).fill(index, 0, 2));
    const sent = messages.flatMap((message) => [...fragments(message)]);
    const duplicates = sent.filter((fragment) => fragment[0] !== 0);
    const bench = new Bench();
    const received = bench.add(...shuffled([...sent, ...duplicates, ...garbage]));
    assertEquals(received.map(({ data }) => data.join()).sort(), messages.map((message) => message.join()).sort());
    const used = received.flatMap(({ origins }) => origins);
    assertEquals([used.length, bench.released.length], [sent.length, duplicates.length + garbage.length]);
  }));
});

Deno.test("a message of linked sets is reassembled, whichever of its fragments arrives last", () => {
  const message = vectorMessage(700_000); // three sets
  const all = [...fragments(message)];
  for (const last of [0, 100, 254, 255, 400, 509, 510, all.length - 1]) {
    const bench = new Bench();
    assertEquals(bench.add(...shuffled(all.filter((_, index) => index !== last))), []);
    const [received] = bench.add(all[last]!);
    assertEquals(received?.data, message);
    assertEquals(received?.origins.toSorted((a, b) => a - b), all.map((_, index) => index));
  }
});

Deno.test("a message's origins are in the order of its fragments", () => {
  const bench = new Bench();
  const [received] = bench.add(...[...fragments(vectorMessage(3000))].toReversed());
  assertEquals(received?.origins, [3, 2, 1, 0]);
});

Deno.test("a fragment of a completed message does not begin a new set", () => {
  const bench = new Bench();
  const all = [...fragments(vectorMessage(2000))];
  assertEquals(bench.add(...all).length, 1);
  assertEquals(bench.add(...all), []);
  assertEquals(bench.released, [3, 4, 5]);
});

Deno.test("sets with inconsistent links give no message and do no harm", () => {
  const data = Uint8Array.of(1);
  const single = (setId: number, link: number) => encodePart({ setId, total: 1, current: 1, link, data });
  const ends = (setId: number, previous: number, next: number) =>
    Array.from({ length: 255 }, (_, index) => {
      const link = index === 0 ? previous : index === 254 ? next : undefined;
      return encodePart({ setId, total: 255, current: index + 1, link, data });
    });
  const bench = new Bench();
  assertEquals(bench.add(single(1, 2), single(2, 1)), []); // each names the other as its predecessor
  assertEquals(bench.add(...ends(3, 4, 4), ...ends(4, 3, 3)), []); // a ring
  assertEquals(bench.add(...ends(5, 6, 7), ...ends(6, 7, 5), ...ends(7, 6, 5)), []);
  assertEquals(bench.add(encodePart({ setId: 3, total: 9, current: 1, link: undefined, data })), []);
  assertEquals(bench.released.length, 1); // the last one, which contradicts set 3
});

Deno.test("a set is given up two minutes after its last fragment", () => {
  const bench = new Bench();
  const [first, second, third] = [...fragments(vectorMessage(2000))];
  bench.add(first!);
  bench.now += MAX_SILENCE;
  bench.add(second!); // restarts the two minutes
  bench.now += MAX_SILENCE;
  bench.add(...fragments(new Uint8Array()));
  assertEquals(bench.released, []);
  bench.now += 1;
  bench.now += 1000; // the next check
  bench.add(...fragments(new Uint8Array()));
  assertEquals(bench.released, [0, 1]);
  assertEquals(bench.add(third!), []);
});

Deno.test("the time without a connection does not count as silence", () => {
  const bench = new Bench();
  const message = vectorMessage(2000);
  const [first, second, third] = [...fragments(message)];
  bench.add(first!);
  bench.now += 10 * MAX_SILENCE;
  bench.reassembler.connected();
  bench.now += MAX_SILENCE;
  assertEquals(bench.add(second!, third!).map(({ data }) => data), [message]);
});

Deno.test("a complete set is kept while fragments of its linked sets arrive", () => {
  const bench = new Bench();
  const message = vectorMessage(300_000);
  const received = [...fragments(message)].flatMap((fragment) => {
    bench.now += 10_000; // 310 fragments: more than 50 minutes
    return bench.add(fragment);
  });
  assertEquals(received.map(({ data }) => data), [message]);
});

Deno.test("the number of fragments held is bounded", () => {
  const bench = new Bench();
  const part = (setId: number) => encodePart({ setId, total: 2, current: 1, link: undefined, data: new Uint8Array() });
  for (let setId = 1; setId <= MAX_HELD_FRAGMENTS + 3; setId++) bench.add(part(setId));
  assertEquals(bench.released, [0, 1, 2]);
});
