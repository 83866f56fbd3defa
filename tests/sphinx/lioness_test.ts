import { hexToBytes } from "@noble/curves/utils.js";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decrypt, encrypt } from "../../src/sphinx/lioness.ts";
import { sphinxVectors } from "../support/vectors.ts";

Deno.test("LIONESS agrees with 0.7.0 both ways, and leaves its input alone", () => {
  for (const { key, plaintext, ciphertext } of sphinxVectors().lioness) {
    const [k, plain, cipher] = [hexToBytes(key), hexToBytes(plaintext), hexToBytes(ciphertext)];
    assertEquals(encrypt(k, plain), cipher);
    assertEquals(decrypt(k, cipher), plain);
    assertEquals(plain, hexToBytes(plaintext));
    assertEquals(cipher, hexToBytes(ciphertext));
    assertEquals(k, hexToBytes(key));
  }
});

Deno.test("decrypting undoes encrypting, at any length and alignment", () => {
  const key = fc.uint8Array({ minLength: 192, maxLength: 192 });
  const block = fc.uint8Array({ minLength: 33, maxLength: 1100, size: "max" });
  fc.assert(
    fc.property(key, block, fc.nat(3), (key, block, offset) => {
      const shifted = new Uint8Array(block.length + offset).subarray(offset);
      shifted.set(encrypt(key, block));
      assertEquals(decrypt(key, shifted), block);
    }),
    { numRuns: 50 },
  );
});
