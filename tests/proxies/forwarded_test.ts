import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { forwardedBy } from "../../src/proxies/forwarded.ts";
import { TrustedProxies } from "../../src/proxies/trusted_proxies.ts";

const { include: isTrusted } = new TrustedProxies(() => ["10.0.0.0/8", "2001:db8:1::/48"]);

/** The client's address, or what there is instead. */
function clientOf(headers: Record<string, string>): string {
  const found = forwardedBy(new Headers(headers), isTrusted);
  return found.kind === "client" ? found.address : found.kind;
}

Deno.test("X-Forwarded-For: the last address that is no trusted proxy's", () => {
  const cases: [string, string][] = [
    ["192.0.2.1", "192.0.2.1"],
    ["192.0.2.1, 198.51.100.1", "198.51.100.1"],
    ["192.0.2.1, 198.51.100.1, 10.0.0.1, 2001:db8:1::5", "198.51.100.1"],
    ["10.0.0.1,10.0.0.2", "10.0.0.1"],
    ["192.0.2.1, unknown, 10.0.0.2", "10.0.0.2"],
    ["192.0.2.1, unknown", "none"],
    ["", "none"],
    ["192.0.2.1:4711", "192.0.2.1"],
    ["[2001:DB8::1]:4711", "2001:db8::1"],
    ["2001:db8::1", "2001:db8::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["[192.0.2.1]", "none"],
    ["192.0.2.1.", "none"],
    ["192.0.2.01", "none"],
    ["fe80::1%eth0", "none"],
    ["localhost", "none"],
  ];
  for (const [value, expected] of cases) assertEquals(clientOf({ "x-forwarded-for": value }), expected, value);
});

Deno.test("Forwarded: the same, in the forms of RFC 7239", () => {
  const cases: [string, string][] = [
    ["for=192.0.2.43", "192.0.2.43"],
    ['For="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"],
    ["for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"],
    ["proto=http;by=203.0.113.43;for=192.0.2.60", "192.0.2.60"],
    ["for=192.0.2.43, for=198.51.100.17", "198.51.100.17"],
    ['for=192.0.2.43, for="198.51.100.17:_port";by=10.0.0.9 , for=10.0.0.1', "198.51.100.17"],
    ['by="a, for=192.0.2.1"; for=192.0.2.2', "192.0.2.2"],
    ['for="192.0.2.\\43"', "192.0.2.43"],
    ["for=unknown", "none"],
    ["for=_gazonk", "none"],
    ["for=192.0.2.43, for=_hidden, for=10.0.0.1", "10.0.0.1"],
    ["for=192.0.2.43, proto=https", "none"],
    ['for="192.0.2.43', "invalid"],
    ["for=192.0.2.43 for=192.0.2.44", "invalid"],
    ["192.0.2.43", "invalid"],
    [`for=192.0.2.43${" ".repeat(16_000)}x`, "invalid"], // what looks at each space for all the others takes a second
    ['by=", for="[2001:db8::1]"', "invalid"], // a client begins to quote what its proxy adds
  ];
  for (const [value, expected] of cases) assertEquals(clientOf({ forwarded: value }), expected, value);
});

Deno.test("two headers must say the same", () => {
  assertEquals(clientOf({ "x-forwarded-for": "192.0.2.1", forwarded: 'for="192.0.2.1:80"' }), "192.0.2.1");
  assertEquals(clientOf({ "x-forwarded-for": "192.0.2.1", forwarded: "for=192.0.2.2" }), "invalid");
  assertEquals(clientOf({ "x-forwarded-for": "192.0.2.1", forwarded: "for=unknown" }), "invalid");
  assertEquals(clientOf({}), "none");
});

Deno.test("whatever a client invents, the last untrusted address that proxies add is taken", () => {
  const ip = fc.oneof(fc.ipV4(), fc.ipV6()).filter((ip) => !isTrusted(ip));
  const proxies = fc.array(fc.nat(255).map((n) => `10.0.0.${n}`), { maxLength: 3 });
  const invented = fc.string().filter((text) => !/[\0\r\n]/.test(text) && /^[\0-\xff]*$/.test(text));
  fc.assert(fc.property(invented, ip, proxies, (invented, client, proxies) => {
    const expected = clientOf({ "x-forwarded-for": client });
    assertEquals(clientOf({ "x-forwarded-for": [invented, client, ...proxies].join(", ") }), expected);
    const elements = [client, ...proxies].map((ip) => `for="${ip.includes(":") ? `[${ip}]` : ip}"`);
    assertEquals(clientOf({ forwarded: elements.join(", ") }), expected);
    const tampered = clientOf({ forwarded: [invented, ...elements].join(", ") });
    assertEquals(tampered === expected || tampered === "invalid", true, tampered);
  }));
});
