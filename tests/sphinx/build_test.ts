import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { buildPacket, type Hop } from "../../src/sphinx/build.ts";
import { HEADER_SIZE, MAX_MESSAGE_SIZE, PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair, type KeyPair } from "../../src/sphinx/curve.ts";
import { unwrap } from "../../src/sphinx/unwrap.ts";
import { randomClientAddress } from "../support/packets.ts";
import { expectUnwrapped } from "./unwrapped.ts";

const NODES: readonly KeyPair[] = Array.from({ length: 5 }, generateKeyPair);
const client = randomClientAddress();

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hop = fc.record({
  keys: fc.constantFrom(...NODES),
  address: bytes(32),
  delay: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});
const path = fc.array(hop, { minLength: 1, maxLength: 5, size: "max" });
const message = fc.uint8Array({ maxLength: MAX_MESSAGE_SIZE, size: "max" });

Deno.test("a message goes along any path, each hop seeing the next and its own delay", () => {
  fc.assert(
    fc.property(path, bytes(32), message, (hops, destination, message) => {
      let packet = buildPacket(
        hops.map(({ keys, address, delay }) => ({ publicKey: keys.publicKey, address, delay })),
        destination,
        message,
      );
      for (const [i, { keys, delay }] of hops.slice(0, -1).entries()) {
        assertEquals(packet.length, PACKET_SIZE);
        const unwrapped = expectUnwrapped(unwrap(packet, keys.privateKey), "forward");
        assertEquals(unwrapped.nextAddress, hops[i + 1]!.address);
        assertEquals(unwrapped.delay, delay);
        packet = unwrapped.packet;
      }
      const unwrapped = expectUnwrapped(unwrap(packet, hops.at(-1)!.keys.privateKey), "message");
      assertEquals(unwrapped.destination, destination);
      assertEquals(unwrapped.message, message);
    }),
    { numRuns: 60 },
  );
});

Deno.test("a bit flipped anywhere on the way never gives a message", () => {
  const place = fc.record({ hop: fc.nat(4), bit: fc.nat(PACKET_SIZE * 8 - 1).filter((bit) => bit !== 255) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), place, (length, place) => {
      let packet = buildPacket(route(length), client, Uint8Array.of(42));
      for (const [i, { privateKey }] of NODES.slice(0, length).entries()) {
        if (i === place.hop % length) packet[place.bit >> 3]! ^= 1 << (place.bit & 7);
        const unwrapped = unwrap(packet, privateKey);
        if (unwrapped.kind === "dropped") {
          const inHeader = place.bit < HEADER_SIZE * 8;
          assertEquals(unwrapped.reason, inHeader ? "mac" : "padding");
          assertEquals(i, inHeader ? place.hop % length : length - 1);
          return;
        }
        packet = expectUnwrapped(unwrapped, "forward").packet;
      }
      throw new Error("a damaged packet went all the way");
    }),
    { numRuns: 60 },
  );
});

Deno.test("two packets of the same message differ everywhere, and so do their replay tags", () => {
  const a = buildPacket(route(1), client, new Uint8Array(5));
  const b = buildPacket(route(1), client, new Uint8Array(5));
  const same = a.filter((byte, i) => byte === b[i]).length;
  assert(same < 40, `${same} equal bytes where about 5 are chance`);
  const tag = (packet: Uint8Array) => expectUnwrapped(unwrap(packet, NODES[0]!.privateKey), "message").replayTag;
  assertNotEquals(tag(a), tag(b));
});

Deno.test("what can't be built is refused with the reason", () => {
  const build = (route: Hop[], destination = client, message = new Uint8Array(1)) => () =>
    buildPacket(route, destination, message);
  const [first] = route(1) as [Hop];
  assertThrows(build([]), RangeError, "1 to 5 hops, got 0");
  assertThrows(build([...route(5), first]), RangeError, "1 to 5 hops, got 6");
  assertThrows(build(route(1), client, new Uint8Array(976)), RangeError, "at most 975 bytes, got 976");
  assertThrows(build(route(1), new Uint8Array(31)), RangeError, "a destination is 32 bytes");
  assertThrows(build([{ ...first, address: new Uint8Array(7) }]), RangeError, "a hop's address is 32 bytes");
  assertThrows(build([{ ...first, delay: -1n }]), RangeError, "a u64 of nanoseconds");
  assertThrows(build([{ ...first, delay: 2n ** 64n }]), RangeError, "a u64 of nanoseconds");
  assertThrows(build([{ ...first, publicKey: new Uint8Array(32) }]), RangeError, "low order");
});

function route(length: number): Hop[] {
  return NODES.slice(0, length).map(({ publicKey }, i) => ({
    publicKey,
    address: new Uint8Array(32).fill(i),
    delay: BigInt(i),
  }));
}
