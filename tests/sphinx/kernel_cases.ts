import { ed25519 } from "@noble/curves/ed25519.js";
import { concatBytes, numberToBytesLE } from "@noble/curves/utils.js";
import { buildPacket } from "../../src/sphinx/build.ts";
import {
  ADDRESS_SIZE,
  FINAL_FLAG,
  FORWARD_FLAG,
  MAX_MESSAGE_SIZE,
  META_PREFIX_SIZE,
  NODE_ADDRESS_SIZE,
  PACKET_SIZE,
  PAYLOAD_OFFSET,
  PAYLOAD_SIZE,
  POINT_SIZE,
  ROUTING_SIZE,
} from "../../src/sphinx/constants.ts";
import { generateKeyPair, type KeyPair, multiply } from "../../src/sphinx/curve.ts";
import { headerMac, xorStream } from "../../src/sphinx/header_protection.ts";
import { encrypt } from "../../src/sphinx/lioness.ts";
import { deriveRoutingKeys } from "../../src/sphinx/routing_keys.ts";
import { craftedPacket, finalPayload, packetFor, randomClientAddress } from "../support/packets.ts";

const { ORDER: P } = ed25519.Point.Fp;

/** Every encoding of a point of low order: with and without bit 255, and those below 2^255 that are p or more. */
export const LOW_ORDER_ENCODINGS: readonly Uint8Array[] = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  P - 1n,
  P,
  P + 1n,
].flatMap((u) => [u, u + 2n ** 255n]).map((u) => numberToBytesLE(u, POINT_SIZE));

/** Packets to the owner of `keys`, each of a random one of its kind: valid, damaged, and such as no honest sender builds. */
export function packetKinds(keys: KeyPair): Record<string, () => Uint8Array> {
  const client = randomClientAddress();
  const valid = () => packetFor(keys.publicKey, client, randomBytes(randomBelow(MAX_MESSAGE_SIZE + 1)));
  const payload = () => finalPayload(client, randomBytes(randomBelow(MAX_MESSAGE_SIZE + 1)));
  return {
    "valid": valid,
    "valid, empty": () => packetFor(keys.publicKey, client, new Uint8Array(0)),
    "valid, longest": () => packetFor(keys.publicKey, client, randomBytes(MAX_MESSAGE_SIZE)),
    "bit 255 set": () => flipped(valid(), POINT_SIZE - 1, 0x80),
    "a bit of the header flipped": () => flipped(valid(), randomBelow(PAYLOAD_OFFSET), 1 << randomBelow(8)),
    "a bit of the payload flipped": () =>
      flipped(valid(), PAYLOAD_OFFSET + randomBelow(PAYLOAD_SIZE), 1 << randomBelow(8)),
    "for another node": () => packetFor(generateKeyPair().publicKey, client, new Uint8Array(9)),
    "forward hop": () => forwardPacket(keys, client),
    "random bytes": () => randomBytes(PACKET_SIZE),
    "shared secret of low order": () =>
      withStart(valid(), LOW_ORDER_ENCODINGS[randomBelow(LOW_ORDER_ENCODINGS.length)]!),
    "any flag": () => craftedPacket(keys.publicKey, payload(), { flag: randomBelow(256) }),
    "another destination": () => craftedPacket(keys.publicKey, payload(), { destination: randomBytes(ADDRESS_SIZE) }),
    "payload without padding": () => craftedPacket(keys.publicKey, randomBytes(PAYLOAD_SIZE)),
    "a byte of the padding changed": () =>
      craftedPacket(keys.publicKey, flipped(finalPayload(client, new Uint8Array(0)), randomBelow(PAYLOAD_SIZE), 1), {
        destination: client,
      }),
    "payload of zeros": () => craftedPacket(keys.publicKey, new Uint8Array(PAYLOAD_SIZE)),
    // half of all u-coordinates are on the twist, and most of the others have a part of low order
    "any point as shared secret": () => packetWithSecret(keys.privateKey, randomBytes(POINT_SIZE), payload()),
    "any point as shared secret, forward hop": () =>
      packetWithSecret(keys.privateKey, randomBytes(POINT_SIZE), payload(), FORWARD_FLAG),
    "a shared secret above p": () =>
      packetWithSecret(keys.privateKey, numberToBytesLE(P + 2n + BigInt(randomBelow(17)), POINT_SIZE), payload()),
  };
}

/** A packet with a valid MAC under any shared secret, which takes the private key to make. */
function packetWithSecret(
  privateKey: Uint8Array,
  sharedSecret: Uint8Array,
  payload: Uint8Array,
  flag = FINAL_FLAG,
): Uint8Array {
  const keys = deriveRoutingKeys(multiply(privateKey, sharedSecret)!);
  const plain = randomBytes(ROUTING_SIZE);
  plain[0] = flag;
  plain.set(payload.subarray(16, 16 + ADDRESS_SIZE), META_PREFIX_SIZE);
  const routing = xorStream(keys.streamKey, plain);
  return concatBytes(sharedSecret, headerMac(keys.macKey, routing), routing, encrypt(keys.payloadKey, payload));
}

function forwardPacket(keys: KeyPair, client: Uint8Array): Uint8Array {
  const address = new Uint8Array(NODE_ADDRESS_SIZE);
  const route = [keys.publicKey, generateKeyPair().publicKey].map((publicKey) => ({ publicKey, address, delay: 1n }));
  return buildPacket(route, client, new Uint8Array(3));
}

/** Changes `bytes` at `index`; gives them back. */
function flipped(bytes: Uint8Array, index: number, mask: number): Uint8Array {
  bytes[index]! ^= mask;
  return bytes;
}

function withStart(packet: Uint8Array, start: Uint8Array): Uint8Array {
  packet.set(start);
  return packet;
}

function randomBytes(size: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(size));
}

function randomBelow(bound: number): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! % bound;
}
