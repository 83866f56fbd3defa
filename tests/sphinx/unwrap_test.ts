import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { assertEquals, assertThrows } from "@std/assert";
import { PACKET_SIZE, PAYLOAD_OFFSET, POINT_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair, multiply } from "../../src/sphinx/curve.ts";
import { formatSocketAddress } from "../../src/addresses/socket_address.ts";
import { decodeNodeAddress } from "../../src/sphinx/node_address.ts";
import { replayTag } from "../../src/sphinx/replay_tag.ts";
import { unwrap } from "../../src/sphinx/unwrap.ts";
import { craftedPacket, finalPayload, packetFor, randomClientAddress } from "../support/packets.ts";
import { expectUnwrapped } from "./unwrapped.ts";
import { sphinxVectors } from "../support/vectors.ts";

const { privateKey, publicKey } = generateKeyPair();
const client = randomClientAddress();

Deno.test("every hop of every packet of 0.7.0 is unwrapped as 0.7.0 does", () => {
  for (const { packet, hops } of sphinxVectors().packets) {
    let current: Uint8Array = hexToBytes(packet);
    for (const [i, hop] of hops.entries()) {
      const hopKey = hexToBytes(hop.private_key);
      const sharedKey = multiply(hopKey, current.subarray(0, POINT_SIZE))!;
      assertEquals(bytesToHex(sharedKey), hop.shared_key);

      const unwrapped = unwrap(current, hopKey);
      if (i === hops.length - 1) {
        const { destination, message, replayTag: tag } = expectUnwrapped(unwrapped, "message");
        assertEquals(bytesToHex(destination), hop.destination);
        assertEquals(bytesToHex(message), hop.message);
        assertEquals(bytesToHex(finalPayload(destination, message)), hop.payload_plaintext);
        assertEquals(tag, replayTag(sharedKey));
      } else {
        const { nextAddress, delay, packet: next, replayTag: tag } = expectUnwrapped(unwrapped, "forward");
        assertEquals(bytesToHex(nextAddress), hop.next_address);
        assertEquals(formatSocketAddress(decodeNodeAddress(nextAddress)!), hops[i + 1]!.listens_on);
        assertEquals(delay, BigInt(hop.delay_ns!));
        assertEquals(bytesToHex(next), hop.next_packet);
        assertEquals(tag, replayTag(sharedKey));
        current = next;
      }
    }
  }
});

Deno.test("a flipped bit in any byte is found: by the MAC in the header, by the padding in the payload", () => {
  const packet = packetFor(publicKey, client, new TextEncoder().encode("hello"));
  for (let i = 0; i < PACKET_SIZE; i++) {
    const damaged = packet.slice();
    damaged[i]! ^= 1 << (i + 1) % 8; // another bit from byte to byte; not bit 255, for which see the next test
    const reason = i < PAYLOAD_OFFSET ? "mac" : "padding";
    assertEquals(unwrap(damaged, privateKey), { kind: "dropped", reason }, `byte ${i}`);
  }
});

Deno.test("bit 255 of the shared secret has no meaning, as in 0.7.0: the replay tag knows the packet again", () => {
  const packet = packetFor(publicKey, client, new TextEncoder().encode("hello"));
  const twin = packet.slice();
  twin[POINT_SIZE - 1]! ^= 0x80;
  assertEquals(unwrap(twin, privateKey), unwrap(packet, privateKey));
});

Deno.test("the packet is left as it was, and the result shares no memory with it", () => {
  const packet = packetFor(publicKey, client, Uint8Array.of(1, 2, 3));
  const original = packet.slice();
  const unwrapped = expectUnwrapped(unwrap(packet, privateKey), "message");
  assertEquals(packet, original);
  packet.fill(0);
  assertEquals(unwrapped.message, Uint8Array.of(1, 2, 3));
  assertEquals(unwrapped.destination, client);
});

Deno.test("a shared secret of low order is refused", () => {
  for (const first of [0, 1]) {
    const packet = packetFor(publicKey, client, new Uint8Array(10));
    packet.fill(0, 0, POINT_SIZE);
    packet[0] = first;
    assertEquals(unwrap(packet, privateKey), { kind: "dropped", reason: "low_order" });
  }
});

Deno.test("a packet for another node is dropped", () => {
  const packet = packetFor(generateKeyPair().publicKey, client, new Uint8Array(10));
  assertEquals(unwrap(packet, privateKey), { kind: "dropped", reason: "mac" });
});

Deno.test("every flag but those of forward and final hops is dropped, though the MAC is right", () => {
  const payload = finalPayload(client, Uint8Array.of(1));
  for (let flag = 0; flag < 256; flag++) {
    const unwrapped = unwrap(craftedPacket(publicKey, payload, { flag }), privateKey);
    if (flag === 1) assertEquals(unwrapped.kind, "forward");
    else if (flag === 2) assertEquals(unwrapped.kind, "message");
    else assertEquals(unwrapped, { kind: "dropped", reason: "flag" });
  }
});

Deno.test("a payload for another client than the header's is dropped", () => {
  const packet = craftedPacket(publicKey, finalPayload(client, Uint8Array.of(1)), {
    destination: randomClientAddress(),
  });
  assertEquals(unwrap(packet, privateKey), { kind: "dropped", reason: "destination" });
});

Deno.test("a payload that is not zeros, client, message, 0x01, zeros is dropped", () => {
  const damage: Record<string, (payload: Uint8Array) => void> = {
    "first byte": (payload) => payload[0] = 1,
    "last of the first zeros": (payload) => payload[15] = 1,
    "no terminator": (payload) => payload[52] = 0,
    "another terminator": (payload) => payload[52] = 2,
    "terminator inside the destination": (payload) => payload.fill(0, 48).fill(1, 47, 48),
    "a byte after the terminator": (payload) => payload[1023] = 2,
    "all zeros": (payload) => payload.fill(0),
  };
  for (const [what, apply] of Object.entries(damage)) {
    const payload = finalPayload(client, new Uint8Array(4));
    apply(payload);
    assertEquals(
      unwrap(craftedPacket(publicKey, payload, { destination: client }), privateKey),
      { kind: "dropped", reason: "padding" },
      what,
    );
  }
});

Deno.test("a message may hold any bytes: only its last 0x01 ends it", () => {
  for (const message of [[], [1], [1, 1, 1], [0, 0], [0, 1, 0], Array(975).fill(1), Array(975).fill(0)]) {
    const packet = packetFor(publicKey, client, Uint8Array.from(message));
    assertEquals(expectUnwrapped(unwrap(packet, privateKey), "message").message, Uint8Array.from(message));
  }
});

Deno.test("only whole packets are taken", () => {
  assertThrows(() => unwrap(new Uint8Array(PACKET_SIZE - 1), privateKey), RangeError, "1372");
});
