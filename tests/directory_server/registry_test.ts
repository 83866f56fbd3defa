import { assertEquals } from "@std/assert";
import {
  type Announcer,
  EXPIRY,
  Registry,
  type RegistryRules,
  RETURN_TIME,
} from "../../src/directory_server/registry.ts";
import { announcement, gateway, keyOf, mixnode } from "./nodes.ts";

const RULES: RegistryRules = { open: false, mixnodes: 10, gateways: 10, nodesPerNetwork: 5, clientsBytes: 100 };
const NOTHING = { entries: [], decisions: new Map() };
const plain: Announcer = { isProven: false, network: undefined };
const proven: Announcer = { isProven: true, network: undefined };

class Rig {
  now = 1000;
  readonly registry: Registry;

  constructor(rules: Partial<RegistryRules> = {}) {
    this.registry = new Registry(() => ({ ...RULES, ...rules }), NOTHING, this.now);
  }

  /** The status of the refusal; 201 if it is listed. */
  mixnode(n: number, who: Announcer, changes: Partial<ReturnType<typeof mixnode>> = {}): number {
    const node = announcement("mixnodes", { ...mixnode(n), ...changes });
    const refusal = this.registry.announce(node, "[]", who, this.now);
    this.written();
    return refusal?.status ?? 201;
  }

  gateway(n: number, who: Announcer, clients = "[]", changes: Partial<ReturnType<typeof gateway>> = {}): number {
    const node = announcement("gateways", { ...gateway(n), ...changes });
    const refusal = this.registry.announce(node, clients, who, this.now);
    this.written();
    return refusal?.status ?? 201;
  }

  written(): void {
    this.registry.written(this.registry.changes());
  }

  get listed(): string[] {
    return this.registry.entries(this.now).map(({ key }) => key);
  }
}

Deno.test("who proves the key is listed; who does not, only by the operator's word or in an open directory", () => {
  const rig = new Rig();
  assertEquals(rig.mixnode(1, plain), 401);
  assertEquals(rig.mixnode(1, proven), 201);
  rig.registry.decide(keyOf(2), { standing: "allowed" });
  assertEquals(rig.mixnode(2, plain), 201);
  rig.registry.decide(keyOf(2), { standing: "disallowed" });
  assertEquals(rig.listed, [keyOf(1)]);
  assertEquals(rig.mixnode(2, plain), 403);
  assertEquals(rig.mixnode(2, proven), 403);
  assertEquals(new Rig({ open: true }).mixnode(1, plain), 201);
});

Deno.test("an announcement without a proof keeps an entry, but never changes it while it is listed", () => {
  const rig = new Rig({ open: true });
  assertEquals(rig.mixnode(1, plain), 201);
  assertEquals(rig.mixnode(1, plain), 201);
  for (const changes of [{ host: "9.9.9.9:1" }, { version: "0.6.0" }, { layer: 3 }, { location: "elsewhere" }]) {
    assertEquals(rig.mixnode(1, plain, changes), 409);
  }
  assertEquals(rig.registry.entries(rig.now)[0]!.fields["host"], mixnode(1).host);
  assertEquals(rig.mixnode(1, proven, { host: "9.9.9.9:1" }), 201, "its owner moves it");
  assertEquals(rig.mixnode(1, plain, { host: "9.9.9.9:1" }), 401, "and now only its owner keeps it");
  rig.now += EXPIRY + 1;
  assertEquals(rig.mixnode(1, plain, { host: "8.8.8.8:1" }), 201);
});

Deno.test("of two nodes with one address the first stays, unless only the other one has proven its key", () => {
  const rig = new Rig({ open: true });
  const same = { host: mixnode(1).host };
  assertEquals(rig.mixnode(1, plain), 201);
  assertEquals(rig.mixnode(2, plain, same), 409);
  assertEquals(rig.mixnode(3, proven, same), 201);
  assertEquals(rig.listed, [keyOf(3)]);
  assertEquals(rig.mixnode(4, proven, same), 409);
  rig.registry.decide(keyOf(4), { standing: "allowed" });
  assertEquals(rig.mixnode(4, proven, same), 201);
  assertEquals(rig.gateway(1, proven, "[]", { mixnetListener: same.host }), 409, "also among the other kind");
  assertEquals(rig.listed, [keyOf(4)]);
});

Deno.test("a key names one node, of one kind", () => {
  const rig = new Rig();
  assertEquals(rig.mixnode(1, proven), 201);
  assertEquals(rig.gateway(1, proven, "[]", { pubKey: keyOf(1) }), 409);
});

Deno.test("siblings of a gateway are one entry", () => {
  const rig = new Rig();
  for (let i = 0; i < 4; i++) assertEquals(rig.gateway(1, proven), 201);
  assertEquals(rig.registry.count("gateways"), 1);
});

Deno.test("a node leaves after ten seconds of silence, and its addresses are free then", () => {
  const rig = new Rig();
  rig.mixnode(1, proven);
  rig.mixnode(2, proven);
  rig.now += EXPIRY;
  rig.mixnode(2, proven);
  assertEquals(rig.listed, [keyOf(1), keyOf(2)]);
  rig.now++;
  assertEquals(rig.listed, [keyOf(2)]);
  assertEquals(rig.registry.changes().ends, [keyOf(1)]);
  assertEquals(rig.mixnode(3, proven, { host: mixnode(1).host }), 201);
});

Deno.test("a node leaves after ten seconds of silence also when the clock is set back", () => {
  const rig = new Rig();
  rig.now = 3_600_000;
  rig.mixnode(1, proven);
  rig.mixnode(2, proven);
  rig.now = 0;
  assertEquals(rig.listed, [keyOf(1), keyOf(2)]);
  rig.now = EXPIRY;
  rig.mixnode(2, proven);
  assertEquals(rig.listed, [keyOf(1), keyOf(2)]);
  rig.now++;
  assertEquals(rig.listed, [keyOf(2)]);
});

Deno.test("the operator's layer stands over the posted one, until it is taken back", () => {
  const rig = new Rig();
  rig.mixnode(3, proven);
  const layer = () => rig.registry.entries(rig.now)[0]!.fields.layer;
  assertEquals(layer(), 1);
  const before = rig.registry.versionAt(rig.now);
  rig.registry.decide(keyOf(3), { layer: 2 });
  assertEquals(layer(), 2);
  assertEquals(rig.registry.versionAt(rig.now) > before, true);
  rig.mixnode(3, proven, { layer: 3 });
  assertEquals(layer(), 2);
  rig.registry.decide(keyOf(3), { standing: "allowed" });
  assertEquals(layer(), 2, "another word does not touch it");
  rig.registry.decide(keyOf(3), { layer: 0 });
  assertEquals(layer(), 3);
  for (const layer of [1, 0]) rig.registry.decide(keyOf(4), { layer });
  assertEquals([...rig.registry.decisions], [[keyOf(3), { standing: "allowed" }]]);
});

Deno.test("a mixnode adds no layer to the network without the operator's word", () => {
  const rig = new Rig();
  assertEquals([3, 4].map((layer) => rig.mixnode(layer, proven, { layer })), [201, 403]);
  rig.registry.decide(keyOf(4), { layer: 2 });
  assertEquals(rig.mixnode(4, proven, { layer: 4 }), 201);
  rig.registry.decide(keyOf(5), { standing: "allowed" });
  assertEquals(rig.mixnode(5, plain, { layer: 4 }), 201);
  assertEquals(rig.registry.entries(rig.now).map(({ fields }) => fields.layer), [3, 2, 4]);
  rig.registry.decide(keyOf(4), undefined);
  assertEquals(rig.mixnode(4, proven, { layer: 4 }), 403);
  assertEquals(new Rig({ open: true }).mixnode(1, plain, { layer: 4 }), 201);
});

Deno.test("when it is full, who ranks higher replaces the newest of the lowest, and nobody else gets in", () => {
  const rig = new Rig({ open: true, mixnodes: 3 });
  for (const n of [1, 2, 3]) {
    rig.now++;
    assertEquals(rig.mixnode(n, plain), 201);
  }
  assertEquals(rig.mixnode(4, plain), 503);
  assertEquals(rig.mixnode(5, proven), 201);
  assertEquals(rig.listed, [keyOf(1), keyOf(2), keyOf(5)]);
  rig.mixnode(6, proven);
  rig.mixnode(7, proven);
  assertEquals(rig.mixnode(8, proven), 503);
  rig.registry.decide(keyOf(9), { standing: "allowed" });
  assertEquals(rig.mixnode(9, proven), 201);
  assertEquals(rig.registry.count("mixnodes"), 3);
  assertEquals(rig.gateway(1, plain), 201, "the other kind has places of its own");
});

Deno.test("when it is full, those that the operator allows have places even if they prove nothing", () => {
  const rig = new Rig({ mixnodes: 3 });
  const allow = (n: number) => rig.registry.decide(keyOf(n), { standing: "allowed" });
  for (const n of [1, 2]) allow(n);
  assertEquals([1, 3, 4].map((n) => rig.mixnode(n, n === 1 ? plain : proven)), [201, 201, 201]);
  rig.now++;
  assertEquals(rig.mixnode(5, proven), 503);
  assertEquals(rig.mixnode(2, plain), 201);
  assertEquals(rig.listed, [keyOf(1), keyOf(3), keyOf(2)]);
  rig.registry.decide(keyOf(1), undefined);
  assertEquals(rig.mixnode(5, proven), 201, "one that is allowed no longer ranks lowest");
  assertEquals(rig.listed, [keyOf(3), keyOf(2), keyOf(5)]);
  allow(3);
  allow(5);
  assertEquals(rig.mixnode(6, proven), 503);
});

Deno.test("a network has a limited number of nodes, which move between networks freely", () => {
  const rig = new Rig({ nodesPerNetwork: 2 });
  const from = (network: string): Announcer => ({ isProven: true, network });
  assertEquals([1, 2, 3].map((n) => rig.mixnode(n, from("a"))), [201, 201, 429]);
  assertEquals(rig.mixnode(1, from("a")), 201);
  assertEquals(rig.mixnode(1, from("b")), 201);
  assertEquals(rig.mixnode(3, from("a")), 201);
  rig.now += EXPIRY + 1;
  assertEquals([4, 5, 6].map((n) => rig.mixnode(n, from("a"))), [201, 201, 429]);
});

Deno.test("what is refused, or listed already, does not count as a new node", () => {
  const rig = new Rig({ mixnodes: 3, nodesPerNetwork: 2 });
  let asked = 0;
  const announce = (n: number, who: Partial<Announcer>, host = mixnode(n).host, mayJoin = true) => {
    const node = announcement("mixnodes", { ...mixnode(n), host });
    const refusal = rig.registry.announce(node, "[]", { isProven: true, network: "a", ...who }, rig.now, () => {
      asked++;
      return mayJoin;
    });
    return refusal?.status ?? 201;
  };
  assertEquals([announce(1, {}), announce(1, {}), announce(2, {})], [201, 201, 201]);
  assertEquals(asked, 2);
  rig.registry.decide(keyOf(9), { standing: "disallowed" });
  assertEquals(announce(3, { isProven: false, network: "b" }), 401);
  assertEquals(announce(9, { network: "b" }), 403);
  assertEquals(announce(3, { network: "b" }, mixnode(1).host), 409);
  assertEquals(announce(3, {}), 429, "its network is full");
  assertEquals(asked, 2);
  assertEquals(announce(3, { network: "b" }), 201);
  assertEquals(announce(4, { network: "c" }), 503, "the directory is full");
  assertEquals(asked, 3);
  const strangers = new Rig({ open: true, mixnodes: 1 });
  strangers.mixnode(1, plain);
  const other = announcement("mixnodes", mixnode(2));
  assertEquals(strangers.registry.announce(other, "[]", proven, strangers.now, () => false)?.status, 429);
  assertEquals(strangers.listed, [keyOf(1)], "and nobody had to leave for it");
});

Deno.test("others of its network do not keep out a node that the operator allows", () => {
  const rig = new Rig({ nodesPerNetwork: 1 });
  const announce = (n: number, isProven: boolean) =>
    rig.registry.announce(
      announcement("mixnodes", mixnode(n)),
      "[]",
      { isProven, network: "a" },
      rig.now,
      () => n === 1,
    )
      ?.status ?? 201;
  assertEquals([announce(1, true), announce(2, true)], [201, 429]);
  for (const n of [2, 3]) rig.registry.decide(keyOf(n), { standing: "allowed" });
  assertEquals([announce(2, true), announce(3, false)], [201, 201]);
});

Deno.test("it is known in which networks nodes are listed, also after a restart", () => {
  const rig = new Rig();
  const has = () => ["010000", "020000", "030000"].map((network) => rig.registry.hasNodeIn(network));
  rig.mixnode(1, proven);
  rig.mixnode(2, proven);
  rig.mixnode(3, proven, { host: "mix.example:1789" });
  rig.gateway(1, proven);
  assertEquals(has(), [true, true, false]);
  rig.now += EXPIRY;
  rig.mixnode(2, proven);
  rig.gateway(1, proven, "[]", { mixnetListener: "3.0.0.1:1789" });
  rig.now++;
  assertEquals(rig.listed, [keyOf(2), gateway(1).pubKey]);
  assertEquals(has(), [true, false, true]);
  const entries = rig.registry.entries(rig.now);
  assertEquals(new Registry(() => RULES, { ...NOTHING, entries }, 0).hasNodeIn("030000"), true);
});

Deno.test("clients for whom there is no room are left out", () => {
  const rig = new Rig({ clientsBytes: 50 });
  const clients = `[{"pubKey":"${"c".repeat(20)}"}]`;
  rig.gateway(1, proven, clients);
  rig.gateway(2, proven, clients);
  assertEquals(rig.registry.entries(rig.now).map((entry) => entry.clients), [clients, "[]"]);
  rig.gateway(1, proven, "[]");
  rig.gateway(2, proven, clients);
  assertEquals(rig.registry.entries(rig.now).map((entry) => entry.clients), ["[]", clients]);
});

Deno.test("what was saved is listed until nodes had time to return, and each address once", () => {
  const entries = [1, 2, 3].map((n) => ({
    ...announcement("mixnodes", { ...mixnode(n), host: mixnode(n === 3 ? 1 : n).host }),
    isProven: n === 1,
    since: n,
    seenAt: 0,
  }));
  const registry = new Registry(() => RULES, { entries, decisions: new Map([[keyOf(2), { layer: 3 }]]) }, 5000);
  assertEquals(registry.entries(5000).map(({ key, since, fields }) => [key, since, fields.layer]), [
    [keyOf(1), 1, 2],
    [keyOf(2), 2, 3],
  ]);
  const moved = announcement("mixnodes", { ...mixnode(1), host: "7.7.7.7:7" });
  assertEquals(registry.announce(moved, "[]", plain, 5000)?.status, 401, "it has proven its key before");
  registry.announce(announcement("mixnodes", mixnode(1)), "[]", proven, 5000 + RETURN_TIME - 1);
  assertEquals(registry.entries(5000 + RETURN_TIME).map(({ key }) => key), [keyOf(1)]);
});

Deno.test("what changes while it is written is written again", () => {
  const rig = new Rig();
  const node = (host: string) => announcement("mixnodes", { ...mixnode(1), host });
  const { registry } = rig;
  registry.announce(node("1.1.1.1:1"), "[]", proven, 1000);
  const first = registry.changes();
  registry.announce(node("2.2.2.2:2"), "[]", proven, 1000);
  registry.written(first);
  assertEquals(registry.isUnwritten(keyOf(1)), true);
  const second = registry.changes();
  registry.entries(1000 + EXPIRY + 1); // it is gone
  registry.written(second);
  assertEquals(registry.changes(), { ends: [keyOf(1)], entries: [], decisions: [] });
  registry.written(registry.changes());
  assertEquals(registry.hasChanges, false);
});
