import { assertEquals, assertThrows } from "@std/assert";
import { noEffects } from "../../src/conversation/effects.ts";
import { SEGMENT_SIZE } from "../../src/conversation/datagram.ts";
import { ConversationError } from "../../src/conversation/errors.ts";
import { generateKeyPair } from "../../src/conversation/key_pair.ts";
import { LONGEST_MESSAGE, MAX_INBOX, Peer } from "../../src/conversation/peer.ts";
import { initiatorRatchet, responderRatchet } from "../../src/conversation/ratchet.ts";
import { encodeSegment } from "../../src/conversation/stored.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { Random } from "../support/random.ts";

const random = new Random(5);
const bytes = (size: number) => random.bytes(size);
const secrets = {
  rootKey: bytes(32),
  initiatorHeader: bytes(32),
  responderHeader: bytes(32),
  associatedData: bytes(32),
};
const responder = generateKeyPair(bytes);
const ADDRESS = `${encodeBase58(bytes(32))}@${encodeBase58(bytes(32))}`;
const ratchet = responderRatchet(secrets, responder);

function peer(ratchet = responderRatchet(secrets, responder)): Peer {
  const record = {
    key: bytes(32),
    address: ADDRESS,
    ownSalt: bytes(16),
    peerSalt: bytes(16),
    pairing: undefined,
    response: undefined,
    ratchet,
    isConfirmed: true,
    nextOut: 0,
    nextIn: 0,
  };
  return new Peer(record, { key: bytes(32), address: ADDRESS, random: bytes, resendAfter: 1000 }, 0);
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

Deno.test("a peer that was refused for lack of room gets a receipt when there is room again", () => {
  const able = initiatorRatchet(secrets, responder.publicKey, bytes);
  const full = peer(able);
  const stored = encodeSegment({ first: 0, segment: { isLast: true, data: new Uint8Array(1) } });
  for (let number = 1; number <= MAX_INBOX; number++) full.restore("in", number, stored);
  full.arrived(segment(0), able, 1000, noEffects());
  assertEquals([full.tickAt, full.record.nextIn], [Infinity, 0]);
  full.taken(1, MAX_INBOX / 2, noEffects());
  const effects = noEffects();
  full.tick(2000, effects);
  assertEquals([effects.datagrams.length, full.tickAt], [1, Infinity]);
});

Deno.test("what waits for a peer is bounded, and so is a message", () => {
  const away = peer();
  assertThrows(() => away.send(new Uint8Array(LONGEST_MESSAGE + 1), 0, noEffects()), ConversationError, "the limit is");
  const longest = new Uint8Array(LONGEST_MESSAGE);
  for (let i = 0; i < 12; i++) away.send(longest, 0, noEffects());
  const error = assertThrows(() => away.send(longest, 0, noEffects()), ConversationError) as ConversationError;
  assertEquals(error.kind, "full");
});

Deno.test("it is known how far a message is", () => {
  const busy = peer(initiatorRatchet(secrets, responder.publicKey, bytes));
  const effects = noEffects();
  const id = busy.send(new Uint8Array(SEGMENT_SIZE + 1), 0, effects);
  assertEquals(busy.pending, [{ id, packets: 2, sent: 0, attempts: 1 }]);
  busy.sent(0, true, 0);
  busy.sent(1, true, 0);
  assertEquals(busy.pending, [{ id, packets: 2, sent: 2, attempts: 1 }]);
  const receipt = { address: ADDRESS, receipt: { next: 1, others: [] }, segment: undefined, wantsAnswer: false };
  busy.arrived(receipt, busy.record.ratchet!, 500, noEffects());
  assertEquals(busy.pending, [{ id, packets: 1, sent: 1, attempts: 1 }]);
  busy.tick(2000, noEffects());
  assertEquals(busy.pending, [{ id, packets: 1, sent: 1, attempts: 2 }]);
  busy.arrived({ ...receipt, receipt: { next: 2, others: [] } }, busy.record.ratchet!, 2500, noEffects());
  assertEquals(busy.pending, []);
});
