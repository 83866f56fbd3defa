import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Action, interpret } from "../../src/clients/session.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { encodeNodeAddress, padNodeAddress } from "../../src/sphinx/node_address.ts";

const address = new Uint8Array(32).fill(7);
const register = JSON.stringify({ type: "register", address: encodeBase58(address) });
const packet = crypto.getRandomValues(new Uint8Array(PACKET_SIZE));

const error = (message: string): Action => ({ kind: "error", message });

function bytes(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("before authentication, everything but a request is an error", () => {
  assertEquals(interpret(false, register), { kind: "register", address });
  assertEquals(interpret(false, '{"type":"register","address":"?"}'), error("malformed destination address"));
  assertEquals(interpret(false, "hello"), error("malformed request"));
  assertEquals(interpret(false, '{"type":"received","frames":1}'), error("malformed request"));
  assertEquals(interpret(false, new Uint8Array(1379)), error("binary request without prior authentication"));
  assertEquals(interpret(false, new Uint8Array(0)), error("binary request without prior authentication"));
});

Deno.test("after authentication, text is an error, apart from acknowledgements", () => {
  assertEquals(interpret(true, register), error("invalid request"));
  assertEquals(interpret(true, "hello"), error("invalid request"));
  assertEquals(interpret(true, '{"type":"received","frames":-1}'), error("invalid request"));
  assertEquals(interpret(true, '{"type":"received","frames":3}'), { kind: "received", frames: 3 });
});

Deno.test("after authentication, an unpadded node address and a packet are forwarded", () => {
  for (const to of [{ host: "10.1.2.3", port: 1789 }, { host: "2001:db8::1", port: 65535 }]) {
    assertEquals(interpret(true, bytes(encodeNodeAddress(to), packet)), { kind: "forward", to, packet });
  }
});

Deno.test("a bad node address and a wrong packet length are distinguished", () => {
  const to = encodeNodeAddress({ host: "10.1.2.3", port: 1789 });
  const badAddress = error("address field was incorrectly encoded");
  const badSize = (actual: number) =>
    error(`received request had invalid size. (actual: ${actual}, expected: ${PACKET_SIZE})`);
  assertEquals(interpret(true, new Uint8Array(0)), badAddress);
  assertEquals(interpret(true, Uint8Array.of(5)), badAddress);
  assertEquals(interpret(true, bytes(Uint8Array.of(0), packet)), badAddress);
  assertEquals(interpret(true, to.subarray(0, 6)), badAddress);
  assertEquals(interpret(true, to), badSize(0));
  assertEquals(interpret(true, bytes(to, packet.subarray(1))), badSize(PACKET_SIZE - 1));
  assertEquals(interpret(true, bytes(to, packet, Uint8Array.of(1))), badSize(PACKET_SIZE + 1));
  assertEquals(interpret(true, bytes(padNodeAddress(to), packet)), badSize(PACKET_SIZE + 25));
});

Deno.test("no frame makes interpret throw", () => {
  const frame = fc.oneof(fc.string(), fc.json(), fc.uint8Array({ maxLength: 1500 }));
  fc.assert(fc.property(fc.boolean(), frame, (authenticated, frame) => {
    assertEquals(typeof interpret(authenticated, frame).kind, "string");
  }));
});
