import { assert, assertEquals, assertFalse } from "@std/assert";
import { isProofOf, isProofOfGateway, newChallenge, proveAddress, proveGateway } from "../../src/protocol/proof.ts";
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

Deno.test("a gateway's proof is valid only for the challenge, the key and the answer that it belongs to", () => {
  const [gateway, other] = [generateKeyPair(), generateKeyPair()];
  const [asked, own] = [newChallenge(), newChallenge()];
  const proof = proveGateway(gateway.privateKey, gateway.publicKey, asked, own)!;
  assert(isProofOfGateway(asked, gateway.publicKey, own, proof));
  assertFalse(isProofOfGateway(newChallenge(), gateway.publicKey, own, proof));
  assertFalse(isProofOfGateway({ ...asked, nonce: own.nonce }, gateway.publicKey, own, proof));
  assertFalse(isProofOfGateway(asked, other.publicKey, own, proof));
  assertFalse(isProofOfGateway(asked, gateway.publicKey, newChallenge(), proof));
  assertFalse(isProofOfGateway(asked, gateway.publicKey, { ...own, publicKey: other.publicKey }, proof));
  assertFalse(
    isProofOfGateway(asked, gateway.publicKey, own, proveGateway(other.privateKey, gateway.publicKey, asked, own)!),
  );
  for (const i of proof.keys()) {
    assertFalse(isProofOfGateway(asked, gateway.publicKey, own, proof.with(i, proof[i]! ^ 1)));
  }
  assertFalse(isProofOfGateway(asked, gateway.publicKey, own, new Uint8Array()));
});

Deno.test("nothing proves a gateway's key of low order, and no gateway answers a challenge of low order", () => {
  const point = new Uint8Array(32);
  const [asked, own] = [newChallenge(), newChallenge()];
  assertEquals(proveGateway(generateKeyPair().privateKey, gateway, { ...asked, publicKey: point }, own), undefined);
  const guess = proveGateway(client.privateKey, point, asked, own)!;
  assertFalse(isProofOfGateway(asked, point, own, guess));
});
