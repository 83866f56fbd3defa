import { assertEquals, assertThrows } from "@std/assert";
import { noEffects } from "../../src/conversation/effects.ts";
import { ConversationError } from "../../src/conversation/errors.ts";
import { generateKeyPair } from "../../src/conversation/key_pair.ts";
import { LONGEST_MESSAGE, MAX_INBOX, Peer } from "../../src/conversation/peer.ts";
import { responderRatchet } from "../../src/conversation/ratchet.ts";
import { Random } from "../support/random.ts";

const random = new Random(5);
const bytes = (size: number) => random.bytes(size);
const ratchet = responderRatchet({
  rootKey: bytes(32),
  initiatorHeader: bytes(32),
  responderHeader: bytes(32),
  associatedData: bytes(32),
}, generateKeyPair(bytes));

function peer(): Peer {
  const record = {
    key: bytes(32),
    address: "",
    pairing: undefined,
    response: undefined,
    ratchet,
    isConfirmed: true,
    nextOut: 0,
    nextIn: 0,
  };
  return new Peer(record, { key: bytes(32), address: "", random: bytes, resendAfter: 1000 }, 0);
}

const segment = (number: number) => ({
  address: "",
  receipt: { next: 0, others: [] },
  segment: { number, segment: { isLast: false, data: new Uint8Array(1) } },
  wantsAnswer: false,
});

Deno.test("a peer makes this side keep 16,384 segments at most, and none beyond the window", () => {
  const endless = peer();
  for (let number = 0; number < MAX_INBOX + 100; number++) endless.arrived(segment(number), ratchet, 0, noEffects());
  assertEquals(endless.record.nextIn, MAX_INBOX);
  endless.taken(0, 99, noEffects());
  endless.arrived(segment(MAX_INBOX), ratchet, 0, noEffects());
  assertEquals(endless.record.nextIn, MAX_INBOX + 1);

  const ahead = peer();
  const effects = noEffects();
  for (const number of [63, 64, 2 ** 32 - 1]) ahead.arrived(segment(number), ratchet, 0, effects);
  assertEquals([...effects.writes.keys()].filter((key) => key.includes("/in/")), [`conversation/in/${ahead.id}/63`]);
});

Deno.test("what waits for a peer is bounded, and so is a message", () => {
  const away = peer();
  assertThrows(() => away.send(new Uint8Array(LONGEST_MESSAGE + 1), 0, noEffects()), ConversationError, "the limit is");
  const longest = new Uint8Array(LONGEST_MESSAGE);
  for (let i = 0; i < 12; i++) away.send(longest, 0, noEffects());
  const error = assertThrows(() => away.send(longest, 0, noEffects()), ConversationError) as ConversationError;
  assertEquals(error.kind, "full");
});
