import { assertEquals } from "@std/assert";
import { isConnectable } from "../../src/directory/connectable.ts";
import { NodeAddresses } from "../../src/directory/node_addresses.ts";

const { signal } = new AbortController();
const anywhere = () => true;

Deno.test("nodes are found by their addresses, in any notation", async () => {
  const nodes = await NodeAddresses.at(
    ["1.2.3.4:5", "[2001:DB8:0::1]:6", "nonsense", "1.2.3.4:70000"],
    anywhere,
    signal,
  );
  assertEquals(nodes.addresses, ["1.2.3.4:5", "[2001:db8::1]:6"]);
  assertEquals([nodes.has({ host: "1.2.3.4", port: 5 }), nodes.has({ host: "1.2.3.4", port: 6 })], [true, false]);
  assertEquals([nodes.hasHost("2001:db8::1"), nodes.hasHost("2001:db8::2")], [true, false]);
});

Deno.test("names are resolved, and judged by their addresses", async () => {
  const hosts = ["localhost:1789", "no-such-name.invalid:1789"];
  const nodes = await NodeAddresses.at(hosts, anywhere, signal);
  assertEquals(nodes.has({ host: "127.0.0.1", port: 1789 }), true);
  const judged: string[] = [];
  const refused = await NodeAddresses.at(hosts, (ip) => judged.push(ip) < 0, signal);
  assertEquals([refused.size, refused.refused, judged.includes("127.0.0.1")], [0, judged.length, true]);
});

Deno.test("a name that can't be resolved for now keeps its addresses, until the node is no longer listed", async () => {
  const answers = new Map([["a.example", ["1.1.1.1"]], ["b.example", ["2.2.2.2"]]]);
  const lookUp = (name: string) => Promise.resolve(answers.get(name) ?? []);
  const hosts = ["a.example:1", "b.example:2", "a.example:1", "3.3.3.3:3"];
  const first = await NodeAddresses.at(hosts, anywhere, signal, undefined, lookUp);
  assertEquals(first.addresses, ["3.3.3.3:3", "1.1.1.1:1", "2.2.2.2:2"]);
  answers.delete("a.example");
  answers.set("b.example", ["4.4.4.4"]);
  const second = await NodeAddresses.at(hosts, anywhere, signal, first, lookUp);
  assertEquals(second.addresses, ["3.3.3.3:3", "1.1.1.1:1", "4.4.4.4:2"]);
  const late = AbortSignal.abort(); // nothing is looked up
  assertEquals((await NodeAddresses.at(hosts, anywhere, late, second, lookUp)).addresses, second.addresses);
  const judged = await NodeAddresses.at(hosts, (ip) => ip !== "1.1.1.1", signal, second, lookUp);
  assertEquals([judged.addresses, judged.refused], [["3.3.3.3:3", "4.4.4.4:2"], 1]);
  const without = await NodeAddresses.at(["b.example:2"], anywhere, signal, second, lookUp);
  assertEquals((await NodeAddresses.at(hosts, anywhere, signal, without, lookUp)).addresses, [
    "3.3.3.3:3",
    "4.4.4.4:2",
  ]);
});

Deno.test("the gateway does not connect to mixnodes that are not on the internet, or at its own address", () => {
  const own = ["0.0.0.0", "9.9.9.9", "8.8.8.8", "2a00:1450::9"];
  const refused = [
    "127.0.0.1",
    "::1",
    "::ffff:7f00:1",
    "10.1.2.3",
    "fd00::1",
    "169.254.169.254",
    "fe80::1",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "255.255.255.255",
    "100.64.0.1",
    "9.9.9.9",
    "8.8.8.8",
    "::ffff:808:808",
    "::8.8.8.8",
    "64:ff9b::909:909",
    "2002:808:808::1",
    "2a00:1450::9",
  ];
  assertEquals(refused.filter((ip) => isConnectable(ip, "gateway.example.org", own)), []);
  assertEquals(["1.2.3.4", "2a00:1450::1", "9.9.9.8"].every((ip) => isConnectable(ip, "8.8.8.8", own)), true);
});

Deno.test("a gateway that announces a private address sends to private addresses, but to no others off the internet", () => {
  const within = (announced: string) =>
    ["127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "1.2.3.4"].filter((ip) =>
      isConnectable(ip, announced, [])
    );
  assertEquals(within("127.0.0.1"), ["127.0.0.1", "1.2.3.4"]);
  assertEquals(within("10.0.0.1"), ["10.1.2.3", "192.168.1.1", "1.2.3.4"]);
});
