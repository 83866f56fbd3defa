import { assertEquals } from "@std/assert";
import { isAskedFor } from "../../src/operator/asked_host.ts";

const hosts = [
  "localhost",
  "127.0.0.1",
  "127.1.2.3",
  "[::1]",
  "192.168.1.2",
  "10.0.0.1",
  "[fe80::1]",
  "gateway.example.org",
  "evil.example",
  "localhost.evil.example",
  "127.0.0.1.evil.example",
];
const loopback = hosts.slice(0, 4);

/** The hosts that it answers for when it listens on `listening`. */
const answered = (listening: string, ...allowed: string[]) =>
  hosts.filter((host) => isAskedFor(host, listening, allowed));

Deno.test("it answers for loopback and for the address that it listens on", () => {
  assertEquals(answered("127.0.0.1"), loopback);
  assertEquals(answered("::1"), loopback);
  assertEquals(answered("192.168.1.2"), [...loopback, "192.168.1.2"]);
  assertEquals(answered("fe80::1"), [...loopback, "[fe80::1]"]);
});

Deno.test("on an unspecified address it answers for every IP address, but for no name", () => {
  for (const all of ["0.0.0.0", "::"]) {
    assertEquals(answered(all), [...loopback, "192.168.1.2", "10.0.0.1", "[fe80::1]"]);
  }
});

Deno.test("it answers for the hosts that the operator allows", () => {
  assertEquals(answered("127.0.0.1", "gateway.example.org", "fe80::1"), [
    ...loopback,
    "[fe80::1]",
    "gateway.example.org",
  ]);
});
