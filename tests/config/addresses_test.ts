import { assertEquals } from "@std/assert";
import {
  announceAddress,
  clientsAnnounceAddress,
  directoryUrl,
  hostOf,
  isAmbiguous,
  listeningAddress,
  parsePort,
  portOf,
  withPort,
} from "../../src/config/addresses.ts";

Deno.test("a listening address is an IP address, with or without a port", () => {
  const cases: Record<string, string | undefined> = {
    "1.2.3.4": "1.2.3.4:1789",
    "1.2.3.4:5": "1.2.3.4:5",
    "::1": "[::1]:1789",
    "[::1]": "[::1]:1789",
    "[::1]:5": "[::1]:5",
    "2001:DB8:0:0::1": "[2001:db8::1]:1789",
    "::": "[::]:1789",
    "localhost": undefined,
    "1.2.3": undefined,
    "1.2.3.4:": undefined,
    "1.2.3.4:0": undefined,
    "1.2.3.4:65536": undefined,
    "1.2.3.4:5:6": undefined,
    "[1.2.3.4]:5": undefined,
    "fe80::1%eth0": undefined,
    "": undefined,
  };
  for (const [text, address] of Object.entries(cases)) assertEquals(listeningAddress(text, 1789), address, text);
});

Deno.test("the mixnet announce address may also be a name", () => {
  const cases: Record<string, string | undefined> = {
    "gateway.example.org": "gateway.example.org:1789",
    "gateway.example.org:5": "gateway.example.org:5",
    "1.2.3.4": "1.2.3.4:1789",
    "::1": "[::1]:1789",
    "[::1]:5": "[::1]:5",
    "::ffff:1.2.3.4": "[::ffff:102:304]:1789",
    "2001:db8::a": "[2001:db8::a]:1789",
    "2001:db8:1:2:3:4:5:6": "[2001:db8:1:2:3:4:5:6]:1789",
    "[2001:db8::1:1789]": "[2001:db8::1:1789]:1789",
    "2001:db8::1:17890": undefined,
    "[:1790": undefined, // what 0.7.0 writes for [::1] and --mix-announce-port
    "1.2.3.400": undefined,
    "a..b": undefined,
    "-a.org": undefined,
    "a b": undefined,
    "a.org:0": undefined,
    "a.org:x": undefined,
    "a.org/path": undefined,
    "ws://a.org": undefined,
    "": undefined,
  };
  for (const [text, address] of Object.entries(cases)) assertEquals(announceAddress(text, 1789), address, text);
});

Deno.test("the clients' announce address is a WebSocket URL, or becomes one", () => {
  const cases: Record<string, string | undefined> = {
    "gateway.example.org": "ws://gateway.example.org:9000",
    "1.2.3.4:5": "ws://1.2.3.4:5",
    "::1": "ws://[::1]:9000",
    "ws://1.2.3.4:5": "ws://1.2.3.4:5",
    "wss://gateway.example.org": "wss://gateway.example.org",
    "wss://[::1]:5/path?x=1": "wss://[::1]:5/path?x=1",
    "WSS://Gateway.example.org/Path": "wss://Gateway.example.org/Path",
    "ws1.example.org:5": "ws://ws1.example.org:5",
    "ws:9001": undefined, // what 0.7.0 writes for any host and --clients-announce-port
    "http://a.org": undefined,
    "xn--a": undefined, // not Punycode, so not a host of a URL
    "wss://": undefined,
    "wss://user@a.org": undefined,
    "wss://a.org:99999": undefined,
  };
  for (const [text, address] of Object.entries(cases)) assertEquals(clientsAnnounceAddress(text, 9000), address, text);
});

Deno.test("an IPv6 address without brackets that may end in a port is ambiguous", () => {
  const ambiguous = ["::1:1789", "2001:db8::1:1789", "fe80::a:0012"];
  assertEquals(ambiguous.filter(isAmbiguous), ambiguous);
  const clear = ["::", "::1", "2001:db8::1", "2001:db8::a", "2001:db8:1:2:3:4:5:6", "::ffff:1.2.3.4", "[::1:1789]"];
  assertEquals([...clear, "[::1]:1789", "1.2.3.4:5", "a.org:5", "a.org"].filter(isAmbiguous), []);
});

Deno.test("ports are read from addresses and replaced in them", () => {
  assertEquals(["1.2.3.4:5", "[::1]:5", "ws://a:5/x", "wss://a.org", "wss://[::1]"].map(portOf), [
    5,
    5,
    5,
    undefined,
    undefined,
  ]);
  assertEquals(["1.2.3.4:5", "[::1]:5", "ws://a:5/x", "wss://a.org", "wss://[::1]"].map((a) => withPort(a, 77)), [
    "1.2.3.4:77",
    "[::1]:77",
    "ws://a:77/x",
    "wss://a.org:77",
    "wss://[::1]:77",
  ]);
  assertEquals(["1.2.3.4:5", "[::1]:5"].map(hostOf), ["1.2.3.4", "::1"]);
  assertEquals(["1", "65535", "0", "65536", "1e3", "-1", " 1", ""].map(parsePort), [
    1,
    65535,
    ...Array<undefined>(6).fill(undefined),
  ]);
});

Deno.test("a directory's URL is http or https and holds no secret", () => {
  const good = ["https://directory.nymtech.net", "http://127.0.0.1:8080/", "http://[::1]:8080"];
  assertEquals(good.map(directoryUrl), good);
  const bad = ["directory.nymtech.net", "ftp://a.org", "http://", "http://u:p@a.org", "http://a.org/?x=1", "nonsense"];
  assertEquals(bad.map(directoryUrl), bad.map(() => undefined));
});
