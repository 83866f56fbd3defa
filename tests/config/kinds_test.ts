import { assertEquals } from "@std/assert";
import { hosts, Mistake } from "../../src/config/kinds.ts";

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
