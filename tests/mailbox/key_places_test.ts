import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { END, endOfPrefix, keyAtPlace, placeOfKey } from "../../src/mailbox/key_places.ts";

const pseudonym = fc.oneof(
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  fc.constantFrom(0, 255).map((byte) => new Uint8Array(32).fill(byte)),
);
const number = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER));
/** What damage can turn such a part into so that the database still accepts the key. */
const damagedPart = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.double(),
  fc.string(),
  fc.bigInt(),
  fc.boolean(),
);

Deno.test("an undamaged key has a place of its own", () => {
  fc.assert(
    fc.property(pseudonym, fc.option(number, { nil: undefined }), (pseudonym, number) => {
      const key = number === undefined ? ["inbox", pseudonym] : ["inbox", pseudonym, number];
      const place = placeOfKey(key);
      assertEquals(keyAtPlace("inbox", place), key);
      assert(place < endOfPrefix(key.slice(0, 2)) && placeOfKey(["inbox"]) <= place && place < endOfPrefix(["inbox"]));
    }),
    { seed: 70 },
  );
});

Deno.test("places sort as the database sorts keys, and the place after a key's is beyond that key", async () => {
  using kv = await Deno.openKv(":memory:");
  const whole = fc.tuple(fc.constant("k"), pseudonym, number);
  const damaged = fc.oneof(
    fc.tuple(fc.constant("k"), pseudonym, damagedPart),
    fc.tuple(fc.constant("k"), damagedPart, number),
    fc.tuple(fc.constant("k"), damagedPart),
  );
  const keys = (of: fc.Arbitrary<Deno.KvKey>, numRuns: number) => fc.sample(of, { numRuns, seed: 70 });
  for (const key of [...keys(whole, 100), ...keys(damaged, 300)]) await kv.set(key, 0);
  const sorted = (await Array.fromAsync(kv.list({ prefix: ["k"] }))).map(({ key }) => key);
  const texts = sorted.map((key) => Deno.inspect(key));
  for (const [i, key] of sorted.entries()) {
    const place = placeOfKey(key);
    if (i > 0) assert(placeOfKey(sorted[i - 1]!) <= place);
    if (place + 1n >= END) continue;
    const start = keyAtPlace("k", place + 1n);
    const [behind] = await Array.fromAsync(kv.list({ prefix: ["k"], start }, { limit: 1 }));
    assert(behind === undefined || texts.indexOf(Deno.inspect(behind.key)) > i);
  }
});
