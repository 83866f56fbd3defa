import { assertEquals } from "@std/assert";
import { deriveToken, isTokenOf } from "../../src/clients/token.ts";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { sphinxVectors } from "../support/vectors.ts";

Deno.test("tokens are the same as those of 0.7.0", () => {
  const { tokens } = sphinxVectors();
  assertEquals(tokens.length > 0, true);
  for (const { gateway_private_key, client_address, token } of tokens) {
    const privateKey = Uint8Array.fromHex(gateway_private_key);
    const address = decodeBase58(client_address)!;
    assertEquals(encodeBase58(deriveToken(privateKey, address)), token);
    assertEquals(isTokenOf(privateKey, address, decodeBase58(token)!), true);
  }
});

Deno.test("only a client's own token is valid for its address", () => {
  const privateKey = new Uint8Array(32).fill(1);
  const address = new Uint8Array(32).fill(2);
  const token = deriveToken(privateKey, address);
  for (let bit = 0; bit < 256; bit++) {
    const other = token.slice();
    other[bit >> 3]! ^= 1 << (bit & 7);
    assertEquals(isTokenOf(privateKey, address, other), false);
  }
  assertEquals(isTokenOf(privateKey, address, token.subarray(0, 31)), false);
  assertEquals(isTokenOf(privateKey, address, new Uint8Array(0)), false);
  assertEquals(isTokenOf(privateKey, new Uint8Array(32).fill(3), token), false);
  assertEquals(isTokenOf(new Uint8Array(32).fill(3), address, token), false);
});
