import { assertEquals, assertNotEquals } from "@std/assert";
import { isLoopback, peerAddress } from "../../src/addresses/peer.ts";
import { networkOf, rangesOf, siteOf } from "../../src/limits/network.ts";
import { peerNetwork } from "../../src/limits/peers.ts";

Deno.test("an IPv4 network is a /24", () => {
  assertEquals(networkOf("192.0.2.1"), networkOf("192.0.2.255"));
  assertNotEquals(networkOf("192.0.2.1"), networkOf("192.0.3.1"));
});

Deno.test("an IPv6 network is a /64, whatever its zone", () => {
  assertEquals(networkOf("2001:db8:1:2::1"), networkOf("2001:db8:1:2:ffff::9"));
  assertEquals(networkOf("fe80::1%eth0"), networkOf("fe80::2%2"));
  assertNotEquals(networkOf("2001:db8:1:2::1"), networkOf("2001:db8:1:3::1"));
});

Deno.test("an IPv4 peer has the same network on a dual-stack socket", () => {
  assertEquals(networkOf("::ffff:192.0.2.1"), networkOf("192.0.2.7"));
  assertEquals(isLoopback("::ffff:127.0.0.1"), true);
});

Deno.test("the site of an IPv6 network is its /48, that of an IPv4 network is itself", () => {
  const site = siteOf(networkOf("2001:db8:1:2::1"));
  assertEquals(siteOf(networkOf("2001:db8:1:3::1")), site);
  assertNotEquals(siteOf(networkOf("2001:db8:2:2::1")), site);
  assertEquals(siteOf(networkOf("192.0.2.1")), networkOf("192.0.2.1"));
});

Deno.test("a peer's address is in canonical form", () => {
  const hosts = ["::ffff:192.0.2.1", "192.0.2.1", "2001:DB8::1", "fe80::1%eth0", "a socket"];
  assertEquals(hosts.map(peerAddress), ["192.0.2.1", "192.0.2.1", "2001:db8::1", "fe80::1", "a socket"]);
});

Deno.test("anything but an IP address is its own network", () => {
  assertEquals(networkOf("a socket"), "a socket");
  assertEquals(isLoopback("localhost"), false);
});

Deno.test("this machine has larger limits unless limit_loopback is set", () => {
  const networks = (host: string, limitLoopback: boolean) =>
    rangesOf(peerNetwork(host, limitLoopback)).map(({ networks }) => networks);
  const here = ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"];
  for (const host of here) {
    assertEquals([networks(host, false), networks(host, true)[0]], [[32], 1]);
    assertEquals(peerNetwork(host, false), peerNetwork("127.0.0.1", false));
  }
  const elsewhere = ["128.0.0.1", "126.255.255.255", "::2", "::", "fe80::1", "0.0.0.0"];
  for (const host of elsewhere) assertEquals(networks(host, false)[0], 1);
});
