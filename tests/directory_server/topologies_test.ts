import { assertEquals, assertLessOrEqual, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { Registry } from "../../src/directory_server/registry.ts";
import { Topologies } from "../../src/directory_server/topologies.ts";
import { announcement, gateway, mixnode } from "./nodes.ts";

const RULES = { open: true, mixnodes: 10, gateways: 10, nodesPerNetwork: 10, clientsBytes: 1 << 24 };
const STRANGER = { isProven: false, network: undefined };

/** Topologies of a registry with one gateway that has clients of that many bytes. */
class Rig {
  readonly registry = new Registry(() => RULES, { entries: [], decisions: new Map() }, 0);
  mayBeLong = true;
  readonly topologies = new Topologies(this.registry, new Uint8Array(32).fill(1), () => this.mayBeLong);

  constructor(bytes: number) {
    this.announceClients(clientsOf("a".repeat(bytes)), 0);
  }

  announceClients(clients: string, now: number): void {
    this.registry.announce(announcement("gateways", gateway(1)), clients, STRANGER, now);
  }
}

function clientsOf(pubKey: string): string {
  return JSON.stringify([{ pubKey }]);
}

Deno.test("a short topology has a node as soon as it comes", () => {
  const { topologies, registry } = new Rig(100);
  const before = topologies.plain(0);
  assertStrictEquals(topologies.plain(999), before);
  registry.announce(announcement("mixnodes", mixnode(1)), "[]", STRANGER, 999);
  assertNotStrictEquals(topologies.plain(999), before);
});

Deno.test("a long topology is not made for each change, so that short requests cost little", () => {
  const rig = new Rig(1);
  const [some, others] = ["a", "b"].map((key) => clientsOf(key.repeat(8 << 20)));
  const made = new Set();
  for (let now = 0; now < 5000; now += 10) {
    rig.announceClients(now % 20 === 0 ? some! : others!, now);
    made.add(rig.topologies.plain(now));
  }
  assertLessOrEqual(made.size, 11);
});

Deno.test("while there is no memory for clients, the topology is without them", () => {
  const rig = new Rig(100);
  rig.mayBeLong = false;
  const { gatewayNodes: [listed] } = JSON.parse(new TextDecoder().decode(rig.topologies.plain(0).body));
  assertEquals(listed.registeredClients, []);
});

Deno.test("the time of signatures never goes back, unless the clock was so far ahead that nodes refused it", () => {
  const { topologies } = new Rig(1);
  const signedAt = (now: number) => Number(topologies.signed(now).signature!.split(" ")[0]);
  const hour = 3_600_000;
  assertEquals([1000, 5000, 4000, 2000, 7000].map(signedAt), [1000, 5000, 5000, 5000, 7000]);
  assertEquals([hour, 24 * hour, 2 * hour].map(signedAt), [hour, 24 * hour, 2 * hour]);
});
