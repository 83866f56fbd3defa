import { assert, assertEquals, assertFalse } from "@std/assert";
import { isProofOf, newChallenge, proveAddress } from "../../src/protocol/proof.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";

const client = generateKeyPair();
const gateway = generateKeyPair().publicKey;
const prove = (challenge = newChallenge()) => ({
  challenge,
  proof: proveAddress(client.privateKey, client.publicKey, challenge, gateway)!,
});

Deno.test("the holder of the private key can prove it", () => {
  for (let i = 0; i < 5; i++) {
    const { challenge, proof } = prove();
    assert(isProofOf(challenge, client.publicKey, gateway, proof));
  }
});

Deno.test("a proof is valid only for its challenge, address and gateway", () => {
  const { challenge, proof } = prove();
  const other = generateKeyPair();
  assertFalse(isProofOf(newChallenge(), client.publicKey, gateway, proof));
  assertFalse(isProofOf({ ...challenge, nonce: newChallenge().nonce }, client.publicKey, gateway, proof));
  assertFalse(isProofOf(challenge, other.publicKey, gateway, proof));
  assertFalse(isProofOf(challenge, client.publicKey, other.publicKey, proof));
  const stranger = proveAddress(other.privateKey, client.publicKey, challenge, gateway)!;
  assertFalse(isProofOf(challenge, client.publicKey, gateway, stranger));
});

Deno.test("a changed, shortened or empty proof is invalid", () => {
  const { challenge, proof } = prove();
  for (let i = 0; i < proof.length; i++) {
    assertFalse(isProofOf(challenge, client.publicKey, gateway, proof.with(i, proof[i]! ^ 1)));
  }
  assertFalse(isProofOf(challenge, client.publicKey, gateway, proof.subarray(1)));
  assertFalse(isProofOf(challenge, client.publicKey, gateway, new Uint8Array(0)));
});

Deno.test("addresses and challenges of low order prove nothing", () => {
  const one = new Uint8Array(32).with(0, 1);
  for (const point of [new Uint8Array(32), one]) {
    const challenge = newChallenge();
    assertEquals(
      proveAddress(client.privateKey, client.publicKey, { ...challenge, publicKey: point }, gateway),
      undefined,
    );
    const guess = proveAddress(client.privateKey, point, challenge, gateway)!;
    assertFalse(isProofOf(challenge, point, gateway, guess));
  }
});
