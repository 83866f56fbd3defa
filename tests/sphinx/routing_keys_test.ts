import { hexToBytes } from "@noble/curves/utils.js";
import { assert, assertEquals } from "@std/assert";
import { deriveRoutingKeys, eraseRoutingKeys } from "../../src/sphinx/routing_keys.ts";
import { sphinxVectors } from "../support/vectors.ts";

Deno.test("routing keys agree with 0.7.0 at every hop", () => {
  for (const hop of sphinxVectors().packets.flatMap(({ hops }) => hops)) {
    assertEquals(deriveRoutingKeys(hexToBytes(hop.shared_key)), {
      streamKey: hexToBytes(hop.stream_key),
      macKey: hexToBytes(hop.mac_key),
      payloadKey: hexToBytes(hop.payload_key),
      blindingFactor: hexToBytes(hop.blinding_factor),
    });
  }
});

Deno.test("erased keys are zeros", () => {
  const keys = deriveRoutingKeys(new Uint8Array(32).fill(7));
  const buffer = new Uint8Array(keys.streamKey.buffer);
  assert(buffer.some((byte) => byte !== 0));
  eraseRoutingKeys(keys);
  assert(buffer.every((byte) => byte === 0));
});
