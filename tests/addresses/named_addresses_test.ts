import { assertEquals } from "@std/assert";
import { addressesOfNamed, isNamed } from "../../src/addresses/named_addresses.ts";

const { signal } = new AbortController();

Deno.test("hosts that are a name and a port are looked up, and nothing else", async () => {
  const asked: string[] = [];
  const lookUp = (name: string) => {
    asked.push(name);
    return name === "bad.example" ? Promise.reject(new Error("no such name")) : Promise.resolve(["1.2.3.4", "::1"]);
  };
  const hosts = ["a.example:5", "1.2.3.4:5", "[::1]:5", "b.example:0", "bad.example:5", "x y:5", "a.example:5", ""];
  const found = await addressesOfNamed(hosts, lookUp, signal);
  assertEquals(asked, ["a.example", "bad.example"]);
  assertEquals([...found], [
    ["a.example:5", [{ host: "1.2.3.4", port: 5 }, { host: "::1", port: 5 }]],
    ["bad.example:5", []],
  ]);
});

Deno.test("a named address has a name of the DNS and a port", () => {
  const long = `${"a".repeat(63)}.`.repeat(4).slice(0, -3); // 253 characters
  for (const host of ["a", "a.example", "a.example.", "1a.2b", "x--y_.Example", "3.4.example", "10.0.0.1a", long]) {
    for (const port of [1, 1789, 65535]) assertEquals(isNamed(`${host}:${port}`), true, `${host}:${port}`);
    for (const port of ["0", "01", "65536", "99999", "", "1 ", "x"]) {
      assertEquals(isNamed(`${host}:${port}`), false, `${host}:${port}`);
    }
    assertEquals(isNamed(host), false, host);
  }
  const labels = ["", ".", "-a", "a-", "a..b", ".a", "a b", "ä", "a".repeat(64), `${long}a`];
  for (const host of [...labels, "300.1.1.1", "1.2.3.4", "1.2.3", "7", "a.7", "a.7.", "[::1]", "a:1", "a@b"]) {
    assertEquals(isNamed(`${host}:1789`), false, host);
  }
});

Deno.test("only so many addresses of a name count", async () => {
  const lookUp = () => Promise.resolve(Array.from({ length: 4000 }, (_, n) => `1.2.${n >> 8}.${n & 255}`));
  const found = await addressesOfNamed(["a.example:5"], lookUp, signal);
  assertEquals(found.get("a.example:5")!.length, 8);
});

Deno.test("only so many names are looked up, and one without an answer does not hold up those that have one", async () => {
  const aborter = new AbortController();
  let asked = 0;
  const lookUp = (name: string) => {
    if (++asked === 256) aborter.abort();
    return name === "n0.example" ? new Promise<string[]>(() => {}) : Promise.resolve(["1.2.3.4"]);
  };
  const hosts = Array.from({ length: 300 }, (_, n) => `n${n}.example:1`);
  const found = await addressesOfNamed(hosts, lookUp, aborter.signal);
  assertEquals([asked, found.has("n0.example:1"), found.has("n100.example:1")], [256, false, true]);
});
