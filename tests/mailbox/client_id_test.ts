import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { addressOf, clientId, clientIdFromBase58, clientIdToBase58 } from "../../src/mailbox/client_id.ts";

Deno.test("an id holds the address", () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (address) => {
    const id = clientId(address);
    assertEquals(addressOf(id), address);
    assertEquals(clientIdFromBase58(clientIdToBase58(id)), id);
  }));
});

Deno.test("only 32 bytes in base58 are a valid id", () => {
  assertEquals(clientIdFromBase58("0OIl"), undefined);
  assertEquals(clientIdFromBase58("2g"), undefined);
  assertEquals(clientIdFromBase58(""), undefined);
});
