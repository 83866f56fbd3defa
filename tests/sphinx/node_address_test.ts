import { bytesToHex, hexToBytes } from "@noble/curves/utils.js";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { formatSocketAddress, parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { decodeNodeAddress, encodeNodeAddress, padNodeAddress } from "../../src/sphinx/node_address.ts";
import { sphinxVectors } from "../support/vectors.ts";

Deno.test("node addresses agree with 0.7.0", () => {
  for (const { address, unpadded, padded } of sphinxVectors().node_addresses) {
    const parsed = parseSocketAddress(address)!;
    assertEquals(formatSocketAddress(parsed), address);
    assertEquals(bytesToHex(encodeNodeAddress(parsed)), unpadded);
    assertEquals(bytesToHex(padNodeAddress(encodeNodeAddress(parsed))), padded);
    assertEquals(decodeNodeAddress(hexToBytes(unpadded)), parsed);
    assertEquals(decodeNodeAddress(hexToBytes(padded)), parsed);
  }
});

Deno.test("any address survives the wire and the text", () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(fc.property(host, fc.nat(0xffff), (host, port) => {
    const parsed = parseSocketAddress(formatSocketAddress({ host, port }))!;
    assertEquals(decodeNodeAddress(encodeNodeAddress({ host, port })), parsed);
    assertEquals(decodeNodeAddress(padNodeAddress(encodeNodeAddress(parsed))), parsed);
    assertEquals(parseSocketAddress(formatSocketAddress(parsed)), parsed);
  }));
});

Deno.test("the host is brought to its canonical form", () => {
  assertEquals(parseSocketAddress("[0:0:0:0:0:0:0:1]:80"), { host: "::1", port: 80 });
  assertEquals(parseSocketAddress("[2001:DB8::0:1]:80"), { host: "2001:db8::1", port: 80 });
  assertEquals(parseSocketAddress("[::ffff:1.2.3.4]:80"), parseSocketAddress("[::ffff:102:304]:80"));
  assertEquals(encodeNodeAddress({ host: "::", port: 0 }), Uint8Array.of(6, ...new Uint8Array(18)));
});

Deno.test("text that is no address with a port gives undefined", () => {
  const bad = [
    ...[
      "",
      ":",
      "1.2.3.4",
      "1.2.3.4:",
      ":80",
      "localhost:80",
      "1.2.3:80",
      "1.2.3.4.5:80",
      "1.2.3.256:80",
      "1.2.3.04:80",
    ],
    ...["0x7f.0.0.1:80", "2130706433:80", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:080", "1.2.3.4:8e1", "1.2.3.4:80 "],
    ...["::1:80", "[::1]", "[::1]:", "[]:80", "[::1%eth0]:80", "[1.2.3.4]:80", "[::1]]:80", "[::1", "[:::]:80"],
    ...["[1:2:3:4:5:6:7:8:9]:80", "[12345::]:80", "[::1]:80/path", "[a:b@c]:80", "1.2.3.4:80\n", "1.2.3.4.:80"],
  ];
  for (const text of bad) assertEquals(parseSocketAddress(text), undefined, JSON.stringify(text));
});

Deno.test("bytes that are no address give undefined", () => {
  const ipv4 = hexToBytes("0406fd7f000001");
  const bad = [
    new Uint8Array(0),
    new Uint8Array(32),
    ipv4.subarray(0, 6),
    Uint8Array.of(...ipv4, 0),
    Uint8Array.of(6, ...ipv4.subarray(1)),
    Uint8Array.of(5, ...ipv4.subarray(1)),
    padNodeAddress(ipv4).with(31, 1),
    padNodeAddress(ipv4).with(7, 1),
    padNodeAddress(encodeNodeAddress({ host: "::1", port: 1 })).with(19, 1),
  ];
  for (const bytes of bad) assertEquals(decodeNodeAddress(bytes), undefined, bytesToHex(bytes));
});

Deno.test("any bytes decode to undefined or to what encodes to them", () => {
  const bytes = fc.tuple(fc.constantFrom(4, 6, 5), fc.uint8Array({ minLength: 6, maxLength: 31 }));
  fc.assert(fc.property(bytes, ([type, rest]) => {
    const address = decodeNodeAddress(Uint8Array.of(type, ...rest));
    if (address) assertEquals(padNodeAddress(encodeNodeAddress(address)), padNodeAddress(Uint8Array.of(type, ...rest)));
  }));
});

Deno.test("what can't be encoded is refused with the reason", () => {
  assertThrows(
    () => encodeNodeAddress({ host: "localhost", port: 1 }),
    RangeError,
    '"localhost" is not an IPv4 or IPv6',
  );
  assertThrows(() => encodeNodeAddress({ host: "::1", port: 65536 }), RangeError, "65536 is not a port");
  assertThrows(() => encodeNodeAddress({ host: "::1", port: 1.5 }), RangeError, "1.5 is not a port");
});
