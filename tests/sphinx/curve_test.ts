import { FpIsSquare } from "@noble/curves/abstract/modular.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, hexToBytes, numberToBytesLE } from "@noble/curves/utils.js";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  generateKeyPair,
  isCanonicalScalar,
  multiply,
  multiplyScalars,
  publicKeyOf,
  randomScalar,
  reduceScalar,
} from "../../src/sphinx/curve.ts";
import { decodeBase58 } from "../../src/encoding/base58.ts";
import { sphinxVectors } from "../support/vectors.ts";

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;
const BASE = encode(9n);
/** On the twist, whose group order has a prime factor of about 2^253. */
const TWIST_POINT = encode(2n);

Deno.test("scalar multiplication agrees with 0.7.0; what it makes zero is refused", () => {
  for (const { note, scalar, u, result } of sphinxVectors().scalar_multiplication) {
    const expected = /^0+$/.test(result) ? undefined : hexToBytes(result);
    assertEquals(multiply(hexToBytes(scalar), hexToBytes(u)), expected, note);
  }
});

Deno.test("every encoding of a point of low order is refused", () => {
  const order8 = [
    325606250916557431795983626356110631294008115727848805560023387167927233504n,
    39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  ];
  const canonical = [0n, 1n, P - 1n, ...order8];
  const aboveP = [P, P + 1n];
  for (const u of [...canonical, ...aboveP]) {
    assertEquals(multiply(randomScalar(), encode(u)), undefined, `u = ${u}`);
    assertEquals(multiply(randomScalar(), encode(u + 2n ** 255n)), undefined, `u = ${u} with bit 255`);
    assertThrows(() => x25519.scalarMult(randomScalar(), encode(u)), Error, "invalid");
  }
});

Deno.test("a point and its non-canonical encoding give the same", () => {
  const k = randomScalar();
  for (let u = 2n; u < 19n; u++) assertEquals(multiply(k, encode(u + P)), multiply(k, encode(u)));
});

Deno.test("multiplying is commutative, on curve and twist, from the smallest scalar to the largest", () => {
  const scalars = [1n, 2n, 3n, 8n, 2n ** 127n, 2n ** 128n, ORDER - 1n, bytesToNumberLE(randomScalar())];
  for (const point of [BASE, TWIST_POINT, encode(P - 2n)]) {
    assertEquals(multiply(encode(1n), point), point);
    for (const a of scalars) {
      for (const b of [5n, bytesToNumberLE(randomScalar())]) {
        const ab = multiply(encode(a), multiply(encode(b), point)!);
        assertEquals(ab, multiply(encode(b), multiply(encode(a), point)!), `${a} and ${b}`);
      }
    }
  }
});

Deno.test("doubling on the twist agrees with the doubling formula", () => {
  const { Fp } = ed25519.Point;
  const u = bytesToNumberLE(TWIST_POINT);
  const vSquared = u * (u * u + 486662n * u + 1n);
  assert(!FpIsSquare(Fp, vSquared));
  // x(2P) = (u² − 1)² / 4v² (RFC 7748 §4.1 gives the curve)
  assertEquals(multiply(encode(2n), TWIST_POINT), encode(Fp.div((u * u - 1n) ** 2n, 4n * vSquared)));
});

Deno.test("a clamped scalar below the order agrees with X25519", () => {
  // 8m reduced is not clamped, but for prime-order points it has the effect of the clamped 8m.
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const clamped = bytes.slice();
      clamped[0]! &= 248;
      clamped[31] = clamped[31]! & 127 | 64;
      const point = publicKeyOf(randomScalar());
      assertEquals(multiply(reduceScalar(clamped), point), x25519.scalarMult(bytes, point));
    }),
    { numRuns: 50 },
  );
});

Deno.test("blinding a secret and blinding its point lead to the same point", () => {
  const [secret, blinding] = [randomScalar(), randomScalar()];
  assertEquals(publicKeyOf(multiplyScalars(secret, blinding)), multiply(blinding, publicKeyOf(secret)));
});

Deno.test("public keys are those of 0.7.0", () => {
  for (const hop of sphinxVectors().packets.flatMap(({ hops }) => hops)) {
    assertEquals(publicKeyOf(hexToBytes(hop.private_key)), decodeBase58(hop.public_key));
  }
});

Deno.test("a private key is canonical, or it is refused", () => {
  for (const good of [1n, ORDER - 1n]) assert(isCanonicalScalar(encode(good)));
  for (const bad of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
    assert(!isCanonicalScalar(encode(bad)));
    assertThrows(() => publicKeyOf(encode(bad)), RangeError, "between 0 and the group order");
  }
  assert(!isCanonicalScalar(new Uint8Array(31).fill(1)));
  assertThrows(() => multiply(encode(ORDER), BASE), RangeError, "less than the group order");
  assertThrows(() => multiply(new Uint8Array(31), BASE), RangeError, "a scalar is 32 bytes");
  assertThrows(() => multiply(encode(1n), new Uint8Array(33)), RangeError, "a point is 32 bytes");
});

Deno.test("a zero scalar has no product", () => {
  assertEquals(multiply(encode(0n), BASE), undefined);
  assertEquals(reduceScalar(encode(ORDER)), encode(0n));
});

Deno.test("generated keys are canonical, match and differ", () => {
  const [a, b] = [generateKeyPair(), generateKeyPair()];
  assert(isCanonicalScalar(a.privateKey));
  assertEquals(publicKeyOf(a.privateKey), a.publicKey);
  assertEquals(multiply(a.privateKey, b.publicKey), multiply(b.privateKey, a.publicKey));
  assertNotEquals(a.privateKey, b.privateKey);
});

function encode(integer: bigint): Uint8Array {
  return numberToBytesLE(integer, 32);
}
