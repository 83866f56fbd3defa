import { assertEquals } from "@std/assert";
import { destinationOf, kindOfAddress } from "../../src/addresses/kind_of_address.ts";

Deno.test("it is told who can reach an address", () => {
  const kinds: Record<string, string | undefined> = {
    "1.2.3.4": "public",
    "172.32.0.1": "public",
    "100.128.0.1": "public",
    "2a00:1450::1": "public",
    "0.0.0.0": "unspecified",
    "::": "unspecified",
    "127.9.9.9": "loopback",
    "::1": "loopback",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "::ffff:192.168.1.1": "private",
    "::ffff:1.2.3.4": "public",
    "::ffff:7f00:1": "loopback",
    "64:ff9b::a00:1": "private",
    "64:ff9b::102:304": "public",
    "64:ff9b:1::102:304": "private",
    "::10.0.0.1": "private",
    "2002:7f00:1::": "loopback",
    "2002:a00:1::9": "private",
    "2002:102:304::1": "public",
    "fd00::1": "private",
    "198.18.0.1": "public",
    "5f00::1": "private",
    "192.0.0.1": "reserved",
    "192.0.1.1": "public",
    "100::1": "reserved",
    "3fff:fff::1": "reserved for documentation",
    "3fff:1000::1": "public",
    "100.64.0.1": "behind a provider's NAT",
    "169.254.1.1": "link-local",
    "fe80::1": "link-local",
    "203.0.113.7": "reserved for documentation",
    "2001:db8::1": "reserved for documentation",
    "224.0.0.1": "multicast",
    "239.255.255.255": "multicast",
    "255.255.255.255": "reserved",
    "ff02::1": "multicast",
    "febf::1": "link-local",
    "fec0::1": "private",
    "gateway.example.org": undefined,
    "localhost": undefined,
  };
  for (const [host, kind] of Object.entries(kinds)) assertEquals(kindOfAddress(host), kind, host);
});

Deno.test("an IPv6 address that contains one of IPv4 leads there", () => {
  const destinations = {
    "1.2.3.4": "1.2.3.4",
    "::ffff:1.2.3.4": "1.2.3.4",
    "::1.2.3.4": "1.2.3.4",
    "64:ff9b::1.2.3.4": "1.2.3.4",
    "2002:102:304::9": "1.2.3.4",
    "::1": "::1",
    "2A00:0::1": "2a00::1",
    "gateway.example.org": "gateway.example.org",
  };
  for (const [host, destination] of Object.entries(destinations)) assertEquals(destinationOf(host), destination, host);
});
