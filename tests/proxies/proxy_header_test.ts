import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { peerAddress } from "../../src/addresses/peer.ts";
import { type Beginning, MAX_SIZE, ProxyHeader } from "../../src/proxies/proxy_header.ts";
import { binaryHeader, textHeader } from "./headers.ts";

const BINARY = "\r\n\r\n\0\r\nQUIT\n";

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** What is read of the bytes in one piece, with the rest as text. */
function read(bytes: Uint8Array | string): string {
  return inWords(new ProxyHeader().push(typeof bytes === "string" ? bytesOf(bytes) : bytes));
}

function inWords(beginning: Beginning): string {
  if (beginning.kind !== "whole") return beginning.kind;
  return `${beginning.source ?? "itself"} then ${JSON.stringify(String.fromCharCode(...beginning.rest))}`;
}

Deno.test("both versions name the client, and what follows the header is kept", () => {
  const valid: [string, string][] = [
    ["PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\nGET", '192.0.2.1 then "GET"'],
    ["PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", '255.255.255.255 then ""'],
    ["PROXY TCP6 2001:DB8::1 ::1 0 65535\r\n", '2001:db8::1 then ""'],
    ["PROXY TCP6 ::ffff:192.0.2.1 ::1 1 1\r\n", '192.0.2.1 then ""'],
    ["PROXY UNKNOWN\r\nx", 'itself then "x"'],
    ["PROXY UNKNOWN ffff:f::ffff ffff:f::ffff 65535 65535\r\n", 'itself then ""'],
    [`${BINARY}\x20\x00\x00\x00x`, 'itself then "x"'], // LOCAL
    [`${BINARY}\x20\xff\x00\x03abcx`, 'itself then "x"'], // of any family, with anything in it
    [`${BINARY}\x21\x00\x00\x00x`, 'itself then "x"'], // UNSPEC
    [`${BINARY}\x21\x11\x00\x0c\xc0\x00\x02\x01\x7f\x00\x00\x01\x00\x01\x00\x02x`, '192.0.2.1 then "x"'],
    [`${BINARY}\x21\x12\x00\x0c\xc0\x00\x02\x01\x7f\x00\x00\x01\x00\x01\x00\x02`, '192.0.2.1 then ""'],
    [`${BINARY}\x21\x31\x00\xd8${"/".repeat(216)}x`, 'itself then "x"'], // a UNIX socket
  ];
  for (const [text, expected] of valid) assertEquals(read(text), expected, JSON.stringify(text));
  assertEquals(read(binaryHeader("2001:db8::7", 300)), '2001:db8::7 then ""');
  assertEquals(read(binaryHeader("::ffff:192.0.2.1")), '192.0.2.1 then ""');
});

Deno.test("without a header, everything is kept", () => {
  for (const text of ["GET / HTTP/1.1\r\n", "POST", "PRI * HTTP/2.0", "PROXY\r\n", "\x16\x03\x01", "\0", "\r\n\r\nx"]) {
    assertEquals(read(text), `itself then ${JSON.stringify(text)}`);
  }
});

Deno.test("malformed and overlong headers are recognised", () => {
  const malformed = [
    "PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n",
    "PROXY TCP4 192.0.2.1  198.51.100.1 56324 443\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.1 56324 65536\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.1 056324 443\r\n",
    "PROXY TCP4 192.0.2.256 198.51.100.1 1 1\r\n",
    "PROXY TCP4 192.0.2.01 198.51.100.1 1 1\r\n",
    "PROXY TCP4 ::1 ::1 1 1\r\n",
    "PROXY TCP6 192.0.2.1 ::1 1 1\r\n",
    "PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n",
    "PROXY TCP4 localhost localhost 1 1\r\n",
    "PROXY tcp4 192.0.2.1 198.51.100.1 1 1\r\n",
    "PROXY UDP4 192.0.2.1 198.51.100.1 1 1\r\n",
    "PROXY UNKNOWNX\r\n",
    "PROXY \r\n",
    `PROXY UNKNOWN ${"x".repeat(92)}\r\n`, // 108 bytes
    `PROXY ${"x".repeat(101)}`,
    `${BINARY}\x11\x11\x00\x0c`, // version 1 in the format of version 2
    `${BINARY}\x22\x11\x00\x0c`, // a command that does not exist
    `${BINARY}\x21\x13\x00\x0c`,
    `${BINARY}\x21\x41\x00\x0c`,
    `${BINARY}\x21\x11\x00\x0b`, // too short for its addresses
    `${BINARY}\x21\x21\x00\x23`,
    `${BINARY}\x21\x11\xff\xff`,
  ];
  for (const text of malformed) assertEquals(read(text), "malformed", JSON.stringify(text));
  assertEquals(read(`PROXY UNKNOWN ${"x".repeat(91)}\r\n`), 'itself then ""'); // 107 bytes
});

const ip = fc.oneof(fc.ipV4(), fc.ipV6());
const header = fc.oneof(
  fc.option(ip, { nil: undefined }).map(textHeader),
  fc.tuple(fc.option(ip, { nil: undefined }), fc.nat(3000)).map(([source, extra]) => binaryHeader(source, extra)),
);

Deno.test("any header, cut anywhere, is read as it is in one piece", () => {
  const anything = fc.uint8Array({ maxLength: 40 });
  const changes = fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 2 });
  fc.assert(fc.property(header, changes, anything, fc.infiniteStream(fc.integer({ min: 1, max: 50 })), (
    whole,
    changes,
    more,
    sizes,
  ) => {
    const stream = Uint8Array.of(...whole, ...more);
    for (const [at, value] of changes) if (at < stream.length) stream[at] = value;
    const inPieces = new ProxyHeader();
    for (let at = 0; at < stream.length;) {
      const size = sizes.next().value;
      const beginning = inPieces.push(stream.subarray(at, at + size));
      at += size;
      if (beginning.kind === "incomplete") {
        assertEquals(inPieces.isBegun, true);
        continue;
      }
      const rest = beginning.kind === "whole" ? Uint8Array.of(...beginning.rest, ...stream.subarray(at)) : undefined;
      return assertEquals(inWords(rest === undefined ? beginning : { ...beginning, rest } as Beginning), read(stream));
    }
    assertEquals(read(stream), "incomplete");
  }));
});

Deno.test("any client's address is read from the headers of both versions", () => {
  fc.assert(fc.property(ip, fc.nat(MAX_SIZE - 16 - 36 - 3), (source, extra) => {
    for (const header of [textHeader(source), binaryHeader(source, extra)]) {
      const beginning = new ProxyHeader().push(header);
      assertEquals(beginning.kind === "whole" && beginning.source, peerAddress(source));
    }
  }));
});
