import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { answerHandshake, endOfHead } from "../../../src/clients/websocket/handshake.ts";

const REQUEST = {
  "": "GET /chat HTTP/1.1",
  "host": "server.example.com",
  "upgrade": "websocket",
  "connection": "Upgrade",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-version": "13",
};

function head(changes: Partial<Record<keyof typeof REQUEST, string | undefined>> = {}): Uint8Array {
  const lines = Object.entries({ ...REQUEST, ...changes })
    .flatMap(([name, value]) => value === undefined ? [] : [name === "" ? value : `${name}: ${value}`]);
  return new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`);
}

const statusOf = (bytes: Uint8Array) => answerHandshake(bytes).response.slice(9, 12);

Deno.test("the key of RFC 6455 §1.3 is answered as there", () => {
  const { upgraded, response } = answerHandshake(head());
  assert(upgraded);
  assert(response.startsWith("HTTP/1.1 101 "));
  assert(response.includes("\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  assert(response.endsWith("\r\n\r\n"));
});

Deno.test("names and values are read whatever their case, and lists of connection options too", () => {
  assertEquals(statusOf(head({ upgrade: "WebSocket", connection: "keep-alive, Upgrade" })), "101");
});

Deno.test("what is no upgrade is refused", () => {
  assertEquals(statusOf(head({ upgrade: undefined })), "426");
  assertEquals(statusOf(head({ "sec-websocket-version": "8" })), "400");
  assertEquals(statusOf(head({ "sec-websocket-key": undefined })), "400");
  assertEquals(statusOf(head({ "sec-websocket-key": "dGhlIHNhbXBsZQ==" })), "400");
  assertEquals(statusOf(head({ connection: "close" })), "400");
  assertEquals(statusOf(head({ "": "POST / HTTP/1.1" })), "400");
  assertEquals(statusOf(head({ "": "GET / HTTP/1.0" })), "400");
  assertEquals(statusOf(new Uint8Array(0)), "400");
});

Deno.test("the head ends after its empty line", () => {
  const bytes = head();
  assertEquals(endOfHead(bytes), bytes.length);
  assertEquals(endOfHead(new Uint8Array([...bytes, 1, 2, 3])), bytes.length);
  for (let length = 0; length < bytes.length; length++) assertEquals(endOfHead(bytes.subarray(0, length)), undefined);
});

Deno.test("any bytes are answered with an HTTP response, without an exception", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
    assert(answerHandshake(bytes).response.startsWith("HTTP/1.1 4"));
  }));
});
