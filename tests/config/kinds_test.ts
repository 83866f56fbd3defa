import { assertEquals } from "@std/assert";
import { hosts, Mistake, networks } from "../../src/config/kinds.ts";

Deno.test("hosts are names and addresses in canonical form", () => {
  assertEquals(hosts.read([], {}), []);
  assertEquals(
    hosts.read(["Gateway.Example.org", "10.0.0.1", "[FE80::0:1]", "::1"], {}),
    ["gateway.example.org", "10.0.0.1", "fe80::1", "::1"],
  );
});

Deno.test("an invalid list of hosts is refused, and the first invalid host is named", () => {
  const reasons: [unknown, string][] = [
    ["gateway.example.org", 'must be a list of hosts, as in [ "gateway.example.org", "192.168.1.2" ]'],
    [["a", "a:9001", "b c"], 'has "a:9001", which is not a host name or an IP address'],
    [[5], "has 5, which is not a host name or an IP address"],
    [["*"], 'has "*", which is not a host name or an IP address'],
  ];
  for (const [value, reason] of reasons) assertEquals(hosts.read(value, {}), new Mistake(reason));
});

Deno.test("networks are addresses, perhaps with a length", () => {
  const valid = [
    "127.0.0.1",
    "10.0.0.0/8",
    "10.1.2.3/8",
    "0.0.0.0/0",
    "::/0",
    "2001:DB8::/32",
    "::1",
    "::ffff:10.0.0.0/104",
  ];
  assertEquals(networks.read(valid, {}), valid);
  const invalid = [
    "localhost",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/08",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "fe80::1%eth0",
    "",
    5,
  ];
  for (const each of invalid) {
    const reason = `has ${JSON.stringify(each)}, which is not an IP address or a network`;
    assertEquals(networks.read([each], {}), new Mistake(reason));
  }
});
