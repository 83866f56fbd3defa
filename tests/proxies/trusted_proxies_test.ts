import { assertEquals } from "@std/assert";
import { tooWide, TrustedProxies } from "../../src/proxies/trusted_proxies.ts";

Deno.test("addresses and networks of both families are trusted, as sockets report them", () => {
  const { include } = new TrustedProxies(
    () => ["192.0.2.1", "10.0.0.0/9", "2001:db8::/33", "::ffff:172.16.0.0/108", "::1"],
  );
  const trusted = ["192.0.2.1", "::ffff:192.0.2.1", "10.127.255.255", "2001:db8:7fff::1", "172.31.0.1", "::1"];
  assertEquals(trusted.filter((host) => !include(host)), []);
  const others = ["192.0.2.2", "10.128.0.0", "2001:db8:8000::", "172.32.0.1", "127.0.0.1", "a socket", ""];
  assertEquals(others.filter(include), []);
});

Deno.test("a new list applies at once", () => {
  let list: string[] = [];
  const { include } = new TrustedProxies(() => list);
  assertEquals(include("127.0.0.1"), false);
  list = ["127.0.0.0/8"];
  assertEquals(include("127.0.0.1"), true);
  list = ["0.0.0.0/0"];
  assertEquals([include("192.0.2.1"), include("2001:db8::1")], [true, false]);
});

Deno.test("a network with strangers in it is too wide", () => {
  assertEquals(tooWide(["127.0.0.1", "10.0.0.0/8", "fc00::/7", "2001:db8::/32"]), undefined);
  for (const wide of ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/7", "2000::/3", "::ffff:0:0/96"]) {
    assertEquals(tooWide(["127.0.0.1", wide]), wide);
  }
});
