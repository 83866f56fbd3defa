import { Buffer } from "node:buffer";
import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from "node:crypto";
import {
  FINAL_FLAG,
  MAC_OFFSET,
  META_PREFIX_SIZE,
  PACKET_SIZE,
  PAYLOAD_OFFSET,
  ROUTING_OFFSET,
  ROUTING_SIZE,
  VERSION,
} from "../../../src/sphinx/constants.ts";
import { headerMac, xorStream } from "../../../src/sphinx/header_protection.ts";
import { encrypt } from "../../../src/sphinx/lioness.ts";
import { deriveRoutingKeys } from "../../../src/sphinx/routing_keys.ts";
import { finalPayload } from "../../support/packets.ts";

/**
 * Builds packets on their last hop, each with its own key, four times as fast as buildPacket, with the runtime's
 * X25519. Its scalars are clamped, which senders may do.
 */
export class PacketFactory {
  readonly #gatewayKey: KeyObject;

  /** @param gatewayKey 32 bytes */
  constructor(gatewayKey: Uint8Array) {
    const x = Buffer.from(gatewayKey).toString("base64url");
    this.#gatewayKey = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
  }

  /** @param client 32 bytes */
  build(client: Uint8Array, message: Uint8Array): Uint8Array {
    const { privateKey, publicKey } = generateKeyPairSync("x25519");
    const keys = deriveRoutingKeys(diffieHellman({ privateKey, publicKey: this.#gatewayKey }));
    const plain = crypto.getRandomValues(new Uint8Array(ROUTING_SIZE));
    plain.set([FINAL_FLAG, ...VERSION]);
    plain.set(client, META_PREFIX_SIZE);
    const routing = xorStream(keys.streamKey, plain);
    const packet = new Uint8Array(PACKET_SIZE);
    packet.set(Buffer.from(publicKey.export({ format: "jwk" }).x!, "base64url"));
    packet.set(headerMac(keys.macKey, routing), MAC_OFFSET);
    packet.set(routing, ROUTING_OFFSET);
    packet.set(encrypt(keys.payloadKey, finalPayload(client, message)), PAYLOAD_OFFSET);
    return packet;
  }
}
