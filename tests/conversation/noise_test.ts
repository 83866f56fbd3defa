import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { assertEquals } from "@std/assert";
import { generateKeyPair } from "../../src/conversation/key_pair.ts";
import { readInitiation, readResponse, writeInitiation, writeResponse } from "../../src/conversation/noise.ts";
import { Random } from "../support/random.ts";
import { NOISE_VECTORS } from "./noise_vectors.ts";

const keyPair = (privateKey: string) => {
  const bytes = hexToBytes(privateKey);
  return { privateKey: bytes, publicKey: x25519.getPublicKey(bytes) };
};

for (const vector of NOISE_VECTORS) {
  Deno.test(`the handshake agrees with the vector of ${vector.source}`, () => {
    const [initiation, response, ...later] = vector.messages;
    const prologue = hexToBytes(vector.prologue);
    const initiator = keyPair(vector.initiator);
    const responder = keyPair(vector.responder);
    assertEquals(bytesToHex(responder.publicKey), vector.responderPublic);
    const written = writeInitiation({
      own: initiator,
      ephemeral: keyPair(vector.initiatorEphemeral),
      responder: responder.publicKey,
      prologue,
      payload: hexToBytes(initiation.payload),
    });
    assertEquals(bytesToHex(written.message), initiation.ciphertext);
    const read = readInitiation(responder, prologue, written.message)!;
    assertEquals(bytesToHex(read.payload), initiation.payload);
    assertEquals(read.peer, initiator.publicKey);

    const answer = writeResponse(read, keyPair(vector.responderEphemeral), hexToBytes(response.payload));
    assertEquals(bytesToHex(answer.message), response.ciphertext);
    const answered = readResponse(initiator, written.pending, answer.message)!;
    assertEquals(bytesToHex(answered.payload), response.payload);
    assertEquals(answered.secrets, answer.secrets);
    if (vector.hash !== undefined) assertEquals(bytesToHex(answered.secrets.hash), vector.hash);

    // The transport messages that follow in the vector show that the keys are right, and which is whose.
    for (const [i, { payload, ciphertext }] of later.entries()) {
      const nonce = new Uint8Array(12);
      nonce[4] = i >> 1;
      const sealed = chacha20poly1305(answered.secrets.keys[i & 1]!, nonce).encrypt(hexToBytes(payload));
      assertEquals(bytesToHex(sealed), ciphertext);
    }
  });
}

Deno.test("a handshake message with any byte changed, cut short, or for somebody else is refused", () => {
  const random = new Random(1);
  const bytes = (size: number) => random.bytes(size);
  const [own, ephemeral, responder, other] = Array.from({ length: 4 }, () => generateKeyPair(bytes));
  const prologue = Uint8Array.of(1);
  const payload = Uint8Array.of(2, 3);
  const { message, pending } = writeInitiation({
    own: own!,
    ephemeral: ephemeral!,
    responder: responder!.publicKey,
    prologue,
    payload,
  });
  const answer = writeResponse(readInitiation(responder!, prologue, message)!, other!, payload).message;
  const spoiled = (whole: Uint8Array) => {
    const at = random.below(whole.length);
    const copy = whole.slice();
    copy[at]! ^= at % 32 === 31 ? 1 : 1 << random.below(8); // X25519 ignores the highest bit of a key
    return copy;
  };
  for (let i = 0; i < 20; i++) {
    assertEquals(readInitiation(responder!, prologue, spoiled(message)), undefined);
    assertEquals(readInitiation(responder!, prologue, message.subarray(0, random.below(message.length))), undefined);
    assertEquals(readResponse(own!, pending, spoiled(answer)), undefined);
    assertEquals(readResponse(own!, pending, answer.subarray(0, random.below(answer.length))), undefined);
  }
  assertEquals(readInitiation(other!, prologue, message), undefined);
  assertEquals(readInitiation(responder!, payload, message), undefined);
  assertEquals(readResponse(other!, pending, answer), undefined);
  const lowOrder = message.slice().fill(0, 0, 32);
  assertEquals(readInitiation(responder!, prologue, lowOrder), undefined);
});
