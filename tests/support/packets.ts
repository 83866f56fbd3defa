import { buildPacket } from "../../src/sphinx/build.ts";
import {
  ADDRESS_SIZE,
  FINAL_FLAG,
  MAC_OFFSET,
  MESSAGE_OFFSET,
  MESSAGE_TERMINATOR,
  META_PREFIX_SIZE,
  NODE_ADDRESS_SIZE,
  PACKET_SIZE,
  PAYLOAD_OFFSET,
  PAYLOAD_SIZE,
  PAYLOAD_ZEROS_SIZE,
  ROUTING_OFFSET,
  ROUTING_SIZE,
} from "../../src/sphinx/constants.ts";
import { multiply, publicKeyOf, randomScalar } from "../../src/sphinx/curve.ts";
import { headerMac, xorStream } from "../../src/sphinx/header_protection.ts";
import { encrypt } from "../../src/sphinx/lioness.ts";
import { deriveRoutingKeys } from "../../src/sphinx/routing_keys.ts";
import { packetAt, SLOT_SIZE } from "../../src/sphinx/slots.ts";

/** A client's address: 32 bytes, an X25519 public key. */
export function randomClientAddress(): Uint8Array {
  return publicKeyOf(randomScalar());
}

/** A packet on its last hop, with a message for a client of the gateway with this key. */
export function packetFor(gatewayKey: Uint8Array, client: Uint8Array, message: Uint8Array): Uint8Array {
  return buildPacket(
    [{ publicKey: gatewayKey, address: new Uint8Array(NODE_ADDRESS_SIZE), delay: 0n }],
    client,
    message,
  );
}

/** Packets in the slots of a batch (slots.ts). */
export function batchOf(...packets: readonly Uint8Array[]): Uint8Array {
  const batch = new Uint8Array(packets.length * SLOT_SIZE);
  packets.forEach((packet, i) => packetAt(batch, i).set(packet));
  return batch;
}

/** The payload of a final hop before encryption: 16 zeros ‖ client ‖ message ‖ 0x01 ‖ zeros. */
export function finalPayload(client: Uint8Array, message: Uint8Array): Uint8Array {
  const payload = new Uint8Array(PAYLOAD_SIZE);
  payload.set(client, PAYLOAD_ZEROS_SIZE);
  payload.set(message, MESSAGE_OFFSET);
  payload[MESSAGE_OFFSET + message.length] = MESSAGE_TERMINATOR;
  return payload;
}

/**
 * A packet that no honest sender builds: any flag, destination in the header and payload, with a valid MAC.
 *
 * @param payload 1024 bytes, before encryption
 */
export function craftedPacket(
  nodeKey: Uint8Array,
  payload: Uint8Array,
  { flag = FINAL_FLAG, destination = payload.subarray(PAYLOAD_ZEROS_SIZE, PAYLOAD_ZEROS_SIZE + ADDRESS_SIZE) } = {},
): Uint8Array {
  const secret = randomScalar();
  const keys = deriveRoutingKeys(multiply(secret, nodeKey)!);
  const plain = crypto.getRandomValues(new Uint8Array(ROUTING_SIZE));
  plain[0] = flag;
  plain.set(destination, META_PREFIX_SIZE);
  const routing = xorStream(keys.streamKey, plain);

  const packet = new Uint8Array(PACKET_SIZE);
  packet.set(publicKeyOf(secret));
  packet.set(headerMac(keys.macKey, routing), MAC_OFFSET);
  packet.set(routing, ROUTING_OFFSET);
  packet.set(encrypt(keys.payloadKey, payload), PAYLOAD_OFFSET);
  return packet;
}
