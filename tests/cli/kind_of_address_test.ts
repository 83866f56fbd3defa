import { assertEquals } from "@std/assert";
import { kindOfAddress } from "../../src/cli/checks/kind_of_address.ts";

Deno.test("it is told who can reach an address", () => {
  const kinds: Record<string, string | undefined> = {
    "1.2.3.4": "public",
    "172.32.0.1": "public",
    "100.128.0.1": "public",
    "2a00:1450::1": "public",
    "0.0.0.0": "no particular one",
    "::": "no particular one",
    "127.9.9.9": "this machine's own",
    "::1": "this machine's own",
    "10.0.0.1": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.1.1": "private",
    "::ffff:192.168.1.1": "private",
    "::ffff:1.2.3.4": "public",
    "fd00::1": "private",
    "100.64.0.1": "behind a provider's NAT",
    "169.254.1.1": "of one cable only",
    "fe80::1": "of one cable only",
    "203.0.113.7": "for examples only",
    "2001:db8::1": "for examples only",
    "224.0.0.1": "no machine's",
    "gateway.example.org": undefined,
    "localhost": undefined,
  };
  for (const [host, kind] of Object.entries(kinds)) assertEquals(kindOfAddress(host), kind, host);
});
