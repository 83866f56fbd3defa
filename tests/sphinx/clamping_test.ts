import { x25519 } from "@noble/curves/ed25519.js";
import { bytesToNumberLE, numberToBytesLE } from "@noble/curves/utils.js";
import { assert, assertEquals } from "@std/assert";
import { clampedEquivalent } from "../../src/sphinx/clamping.ts";
import { generateKeyPair, multiply, publicKeyOf, randomScalar } from "../../src/sphinx/curve.ts";

const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

Deno.test("clamping leaves a clamped equivalent as it is", () => {
  for (let i = 0; i < 200; i++) {
    const clamped = clampedEquivalent(generateKeyPair().privateKey)!;
    const integer = bytesToNumberLE(clamped);
    assertEquals(integer % 8n, 0n);
    assert(integer >= 2n ** 254n && integer < 2n ** 255n);
  }
});

Deno.test("X25519 with the clamped equivalent does what the private key does", () => {
  for (let i = 0; i < 20; i++) {
    const { privateKey, publicKey } = generateKeyPair();
    const clamped = clampedEquivalent(privateKey)!;
    const point = publicKeyOf(randomScalar());
    assertEquals(x25519.scalarMult(clamped, point), multiply(privateKey, point));
    assertEquals(x25519.getPublicKey(clamped), publicKey);
  }
});

Deno.test("every residue modulo 8 has a clamped equivalent, unless the scalar is tiny or just below the order", () => {
  for (let residue = 0n; residue < 8n; residue++) {
    assert(clampedEquivalent(encode(2n ** 128n + residue)));
    assert(clampedEquivalent(encode(ORDER - 2n ** 128n + residue)));
  }
  // Of 8 + jℓ only j = 0 is a multiple of 8, and of jℓ − 8 only j = 8: too small, and too large by about 2^127.
  assertEquals(clampedEquivalent(encode(8n)), undefined);
});

function encode(integer: bigint): Uint8Array {
  return numberToBytesLE(integer, 32);
}
