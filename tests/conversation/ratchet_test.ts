import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { generateKeyPair } from "../../src/conversation/key_pair.ts";
import { initiatorRatchet, open, type Ratchet, responderRatchet, seal } from "../../src/conversation/ratchet.ts";
import { Random } from "../support/random.ts";

const random = new Random(3);
const bytes = (size: number) => random.bytes(size);

function pair(): [Ratchet, Ratchet] {
  const secrets = {
    rootKey: bytes(32),
    initiatorHeader: bytes(32),
    responderHeader: bytes(32),
    associatedData: bytes(32),
  };
  const key = generateKeyPair(bytes);
  return [initiatorRatchet(secrets, key.publicKey, bytes), responderRatchet(secrets, key)];
}

/** A side that keeps its state. */
class Side {
  constructor(public ratchet: Ratchet) {}

  seal(plaintext: Uint8Array): Uint8Array {
    const { ratchet, message } = seal(this.ratchet, plaintext, bytes);
    this.ratchet = ratchet;
    return message;
  }

  open(message: Uint8Array): Uint8Array | undefined {
    const opened = open(this.ratchet, message, bytes);
    if (opened) this.ratchet = opened.ratchet;
    return opened?.plaintext;
  }
}

Deno.test("messages open once each, in any order, across answers", () => {
  const [alice, bob] = pair().map((ratchet) => new Side(ratchet)) as [Side, Side];
  const waiting: { to: Side; message: Uint8Array; plaintext: Uint8Array }[] = [];
  const opened: typeof waiting = [];
  const post = (from: Side, to: Side) => {
    const plaintext = bytes(random.below(50));
    waiting.push({ to, message: from.seal(plaintext), plaintext });
  };
  post(alice, bob);
  for (let i = 0; i < 200; i++) {
    if (random.oneIn(2)) post(alice, bob);
    else if (bob.ratchet.sending) post(bob, alice);
    while (waiting.length > random.below(12)) {
      const [{ to, message, plaintext }] = waiting.splice(random.below(waiting.length), 1) as [typeof waiting[0]];
      assertEquals(to.open(message), plaintext);
      assertEquals(to.open(message), undefined);
      opened.push({ to, message, plaintext });
    }
  }
  for (const { to, message } of opened) assertEquals(to.open(message), undefined);
});

Deno.test("a message with any bit changed, or of another conversation, opens nothing and changes nothing", () => {
  const [alice, bob] = pair().map((ratchet) => new Side(ratchet)) as [Side, Side];
  const stranger = new Side(pair()[0]);
  const before = bob.ratchet;
  const message = alice.seal(bytes(30));
  for (let at = 0; at < message.length; at++) {
    const spoiled = message.slice();
    spoiled[at]! ^= 1 << random.below(8);
    assertEquals(bob.open(spoiled), undefined);
  }
  assertEquals(bob.open(stranger.seal(bytes(30))), undefined);
  assertEquals(bob.open(message.subarray(0, 40)), undefined);
  assertEquals(bob.ratchet, before);
  assert(bob.open(message));
});

Deno.test("stolen keys open no earlier message, and no later one once both sides have answered", () => {
  const [alice, bob] = pair().map((ratchet) => new Side(ratchet)) as [Side, Side];
  const early = alice.seal(bytes(10));
  assert(bob.open(early));
  const thief = new Side(bob.ratchet);
  assertEquals(thief.open(early), undefined);
  const next = alice.seal(bytes(10));
  assert(thief.open(next)); // nobody has answered yet
  assert(bob.open(next));
  for (const isHealed of [false, true]) {
    assert(alice.open(bob.seal(bytes(10))));
    const message = alice.seal(bytes(10));
    assertEquals(thief.open(message) === undefined, isHealed);
    assert(bob.open(message));
  }
});

Deno.test("equal messages look different, and a flood of missing ones leaves 128 keys", () => {
  const [alice, bob] = pair().map((ratchet) => new Side(ratchet)) as [Side, Side];
  const text = bytes(20);
  const lost = Array.from({ length: 300 }, () => alice.seal(text));
  assertNotEquals(lost[0], lost[1]);
  assertEquals(bob.open(alice.seal(text)), text);
  assertEquals(bob.ratchet.skipped.length, 128);
  assertEquals(bob.open(lost[171]!), undefined);
  assertEquals(bob.open(lost[172]!), text);
  assertEquals(bob.ratchet.skipped.length, 127);
});
