import { assert, assertEquals } from "@std/assert";
import { type Announcement, isRefusal, readAnnouncement } from "../../src/directory_server/announcement.ts";
import { announcement, gateway, mixnode } from "./nodes.ts";

/** The status of the refusal; 201 if the announcement is valid. */
function statusOf(result: ReturnType<typeof readAnnouncement>): number {
  return isRefusal(result) ? result.status : 201;
}

/** Hosts with their canonical form; undefined for those that are refused. */
const HOSTS: readonly [text: string, canonical: string | undefined][] = [
  ["1.2.3.4:1789", "1.2.3.4:1789"],
  ["127.0.0.1:65535", "127.0.0.1:65535"],
  ["[::1]:1", "[::1]:1"],
  ["[2001:DB8:0:0::1]:1789", "[2001:db8::1]:1789"],
  ["[::ffff:1.2.3.4]:1789", "1.2.3.4:1789"],
  ["localhost:1789", "localhost:1789"],
  ["nymtech.net:8080", "nymtech.net:8080"],
  ["Mix_1.Example.:1789", "mix_1.example:1789"],
  ["300.1.1.1:1789", undefined],
  ["1.2.3:1789", undefined],
  ["01.2.3.4:1789", undefined],
  ["2130706433:1789", undefined],
  ["::1:1789", undefined],
  ["[::1%eth0]:1789", undefined],
  ["[1.2.3.4]:1789", undefined],
  ["a..b:1789", undefined],
  ["-a.example:1789", undefined],
  ["a.example", undefined],
  ["a.example:0", undefined],
  ["a.example:65536", undefined],
  ["1.2.3.4:65536", undefined],
  ["1.2.3.4:0", undefined],
  ["user@a.example:1", undefined],
];

Deno.test("a host is a valid IP address or a name of the DNS, with a port that exists", () => {
  for (const [host, canonical] of HOSTS) {
    const node = readAnnouncement("mixnodes", { ...mixnode(1), host });
    assertEquals((node as Announcement).addresses?.[0], canonical, host);
    if (isRefusal(node)) assert(/host is not an IP address or a DNS name/.test(node.reason), node.reason);
    assertEquals(statusOf(readAnnouncement("gateways", { ...gateway(1), mixnetListener: host })), statusOf(node), host);
    const isPort = host !== "a.example"; // the only one that is valid without a port
    const url = readAnnouncement("gateways", { ...gateway(1), clientListener: `ws://${host}` });
    assertEquals(statusOf(url), isPort ? statusOf(node) : 201, host);
  }
});

Deno.test("clients' addresses are WebSocket URLs", () => {
  const addressesOf = (clientListener: string) => announcement("gateways", { ...gateway(1), clientListener }).addresses;
  assertEquals(addressesOf("WSS://Gateway.example:443/Path?x")[1], "wss://gateway.example/Path?x");
  for (
    const url of ["http://a.example", "ws://", "ws://u:p@a.example", "ws://a.example/#x", "a.example:9000", " ws://a"]
  ) {
    assertEquals(statusOf(readAnnouncement("gateways", { ...gateway(1), clientListener: url })), 400, url);
  }
});

Deno.test("versions are those of Semantic Versioning, and mixnodes older than 0.6.0 are refused", () => {
  const versions: Record<string, number> = {
    "0.6.0": 201,
    "0.6.0+b": 201,
    "0.6.1-rc.1": 201,
    "0.7.0": 201,
    "0.7.0-dev": 201,
    "0.7.1-0a.-.7+001.x": 201,
    "0.10.0": 201,
    "1.0.0": 201,
    "0.5.9": 422,
    "0.5.10+b": 422,
    "0.6.0-rc.1": 422,
    "": 400,
    "old": 400,
    "0.7": 400,
    "0x7.1.1": 400,
    "1e1.1.1": 400,
    " 0.7.0": 400,
    "0.7.0\n": 400,
    "v0.7.0": 400,
    "0.07.0": 400,
    "0.7.0-": 400,
    "0.7.0-01": 400,
    "0.7.0+a..b": 400,
    "0.7.9999999999999999999": 400,
    [`0.7.0-${"x".repeat(40)}`]: 400,
  };
  for (const [version, status] of Object.entries(versions)) {
    assertEquals(statusOf(readAnnouncement("mixnodes", { ...mixnode(1), version })), status, version);
    const ofGateway = status === 422 ? 201 : status;
    assertEquals(statusOf(readAnnouncement("gateways", { ...gateway(1), version })), ofGateway, version);
  }
});
