import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { SEAL_SIZE, Sealer } from "../../src/mailbox/sealing.ts";
import { client } from "./messages.ts";

const storageKey = new Uint8Array(32).fill(7);
const here = new TextEncoder().encode("here");
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

Deno.test("a sealed value opens only in its own context, even after a restart", () => {
  const sealer = new Sealer(storageKey);
  fc.assert(fc.property(bytes(3000), bytes(50), bytes(50), (plain, context, elsewhere) => {
    const sealed = sealer.seal(plain, context);
    assertEquals(sealed.length, plain.length + SEAL_SIZE);
    for (const each of [sealer, new Sealer(storageKey)]) {
      assertEquals(each.open(sealed, context)?.toHex(), plain.toHex());
    }
    if (context.toHex() !== elsewhere.toHex()) assertEquals(sealer.open(sealed, elsewhere), undefined);
  }));
});

Deno.test("any flipped bit and any truncation is detected", () => {
  const sealer = new Sealer(storageKey);
  const sealed = sealer.seal(new TextEncoder().encode("a message"), here);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const flipped = sealed.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    assertEquals(sealer.open(flipped, here), undefined, `bit ${bit}`);
  }
  for (let end = 0; end < sealed.length; end++) assertEquals(sealer.open(sealed.subarray(0, end), here), undefined);
});

Deno.test("another key opens nothing", () => {
  const sealed = new Sealer(storageKey).seal(Uint8Array.of(1, 2, 3), here);
  assertEquals(new Sealer(new Uint8Array(32)).open(sealed, here), undefined);
  assertThrows(() => new Sealer(new Uint8Array(31)), RangeError);
});

Deno.test("sealing the same value twice gives different results, within one run and in two", () => {
  const plain = new Uint8Array(20);
  const sealed = [new Sealer(storageKey), new Sealer(storageKey)].flatMap((sealer) =>
    Array.from({ length: 100 }, () => sealer.seal(plain, here))
  );
  assertEquals(new Set(sealed).size, 200);
  const ciphertexts = sealed.map((value) => value.slice(48));
  assertEquals(new Set(ciphertexts).size, 200, "another nonce or key gives another ciphertext");
});

Deno.test("more starts and clients than the caches hold are no problem", () => {
  const values = Array.from({ length: 300 }, (_, n) => new Sealer(storageKey).seal(Uint8Array.of(n), here));
  const sealer = new Sealer(storageKey);
  assert(values.every((value, n) => sealer.open(value, here)?.[0] === (n & 0xff)));
  const first = sealer.pseudonym(client(0));
  for (let n = 0; n < 17_000; n++) sealer.pseudonym(client(n));
  assertEquals(sealer.pseudonym(client(0)), first);
});

Deno.test("a pseudonym depends on the address and the key, and is not the address", () => {
  const sealer = new Sealer(storageKey);
  const pseudonym = sealer.pseudonym(client(1));
  assertEquals(new Sealer(storageKey).pseudonym(client(1)), pseudonym);
  assertNotEquals(sealer.pseudonym(client(2)), pseudonym);
  assertNotEquals(new Sealer(new Uint8Array(32)).pseudonym(client(1)), pseudonym);
  assertNotEquals<string>(pseudonym, client(1));
});
