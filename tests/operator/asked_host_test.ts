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

/** For which of the hosts it answers when it listens there. */
const answered = (listening: string, ...allowed: string[]) =>
  hosts.filter((host) => isAskedFor(host, listening, allowed));

Deno.test("it answers for loopback and for the address that it listens at, on every address", () => {
  assertEquals(answered("127.0.0.1"), loopback);
  assertEquals(answered("::1"), loopback);
  assertEquals(answered("192.168.1.2"), [...loopback, "192.168.1.2"]);
  assertEquals(answered("fe80::1"), [...loopback, "[fe80::1]"]);
});

Deno.test("where it listens at all addresses it answers for each, but for no name", () => {
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
