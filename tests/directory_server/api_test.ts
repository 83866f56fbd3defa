import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { GatewayNode } from "../../src/protocol/topology.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { Silence } from "../support/silence.ts";
import { gateway, keyOf, mixnode, post } from "./nodes.ts";

async function get(url: string): Promise<[number, string]> {
  const response = await fetch(url);
  return [response.status, await response.text()];
}

Deno.test("announced nodes are in the topology as they were posted", async () => {
  using _silence = new Silence();
  let now = 1_795_406_847_619;
  await using rig = await DirectoryRig.start(undefined, () => now);
  const presence = `${rig.url}/api/presence`;
  assertEquals(await post(`${presence}/mixnodes`, mixnode(1)), [201, { ok: true }]);
  assertEquals(await post(`${presence}/gateways`, gateway(1)), [201, { ok: true }]);
  now += 1000;
  const [status, text] = await get(`${presence}/topology`);
  const lastSeen = 1_795_406_847_619_000_000;
  assertEquals(status, 200);
  assertEquals(JSON.parse(text), {
    cocoNodes: [],
    mixNodes: [{ ...mixnode(1), lastSeen }],
    mixProviderNodes: [],
    gatewayNodes: [{ ...gateway(1), lastSeen }],
  });
  assert(text.includes(`"lastSeen":${lastSeen}`), "as the integer that 0.7.0 peers read");
});

Deno.test("an empty network has an empty topology, which any page may read", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start();
  const response = await fetch(`${rig.url}/api/presence/topology`);
  assertEquals(await response.text(), `{"cocoNodes":[],"mixNodes":[],"mixProviderNodes":[],"gatewayNodes":[]}`);
  assertEquals(response.headers.get("access-control-allow-origin"), "*");
  assertEquals(response.headers.get("content-type"), "application/json; charset=utf-8");
});

Deno.test("a node that goes on announcing itself stays, and one that is silent goes", async () => {
  using _silence = new Silence();
  let now = 0;
  await using rig = await DirectoryRig.start(undefined, () => now);
  const url = `${rig.url}/api/presence/mixnodes`;
  await post(url, mixnode(1));
  await post(url, mixnode(2));
  now = 10_000;
  await post(url, mixnode(2));
  const listed = () => rig.directory.topology().mixNodes.map((node) => node.pubKey);
  assertEquals(listed(), [keyOf(1), keyOf(2)]);
  now = 10_001;
  assertEquals(listed(), [keyOf(2)]);
});

Deno.test("an invalid presence is refused", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start();
  const wrong = [
    ...["{", "null", "[]", "", {}, { pubKey: "x" }],
    ...["", "x", "1.2.3.4", "1.2.3.4:0", "1.2.3.4:x", "http://x", "a b:1"].flatMap((address) => [
      { ...mixnode(1), host: address },
      { ...gateway(1), mixnetListener: address },
      { ...gateway(1), clientListener: address },
    ]),
    ...[mixnode(1), gateway(1)].flatMap((node) => [
      { ...node, pubKey: "m" },
      { ...node, pubKey: keyOf(1).slice(1) },
      { ...node, location: "x".repeat(300) },
      { ...node, version: `0.7.0-${"x".repeat(40)}` },
      { ...node, location: "x".repeat(20_000) },
    ]),
    { ...mixnode(1), layer: 0 },
    { ...mixnode(1), layer: 5 },
    `${JSON.stringify(gateway(1))},${JSON.stringify(gateway(2))}`,
  ];
  for (const kind of ["mixnodes", "gateways"]) {
    for (const body of wrong) {
      const [status] = await post(`${rig.url}/api/presence/${kind}`, body);
      assert(status === 400 || status === 413, `${kind}: ${JSON.stringify(body)} → ${status}`);
    }
  }
  assertEquals(rig.directory.topology(), { mixNodes: [], gatewayNodes: [] });
});

Deno.test("no node can put into the topology what strict peers can't decode", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start();
  const presence = `${rig.url}/api/presence`;
  const half = "\ud800"; // of a pair of surrogates
  assertEquals((await post(`${presence}/mixnodes`, { ...mixnode(1), location: half }))[0], 400);
  assertEquals((await post(`${presence}/gateways`, { ...gateway(1), location: half }))[0], 400);
  const clientListener = `${gateway(1).clientListener}/${half}`;
  assertEquals((await post(`${presence}/gateways`, { ...gateway(1), clientListener }))[0], 400);
  const registeredClients = [half, "\u0800", "", "c".repeat(65), "c"].map((pubKey) => ({ pubKey }));
  assertEquals((await post(`${presence}/gateways`, { ...gateway(1), location: "😀", registeredClients }))[0], 201);
  const [{ location, registeredClients: clients }] = rig.directory.topology().gatewayNodes as [GatewayNode];
  assertEquals([location, clients], ["😀", [{ pubKey: "c" }]]);
});

Deno.test("strangers can't decide on nodes, and web pages can't post", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start(({ directory }) => directory.open = false);
  const presence = `${rig.url}/api/presence`;
  for (const word of ["allow", "disallow"]) {
    assertEquals((await post(`${presence}/${word}`, { pubKey: keyOf(1) }))[0], 403);
  }
  assertEquals((await post(`${presence}/mixnodes`, mixnode(1)))[0], 401);
  await rig.directory.decide(keyOf(1), { standing: "allowed" });
  assertEquals((await post(`${presence}/mixnodes`, mixnode(1), { origin: "https://example.org" }))[0], 403);
  assertEquals((await post(`${presence}/mixnodes`, mixnode(1)))[0], 201);
  await rig.directory.decide(keyOf(1), { standing: "disallowed" });
  assertEquals(rig.directory.topology().mixNodes, []);
  assertEquals(await get(`${presence}/disallowed`), [200, JSON.stringify([{ pubKey: keyOf(1) }])]);
  await rig.directory.decide(keyOf(1), undefined);
  assertEquals((await post(`${presence}/mixnodes`, mixnode(1)))[0], 401);
  await rig.stop();
  await rig.restart();
  assertEquals(await get(`${rig.url}/api/presence/disallowed`), [200, "[]"]);
});

Deno.test("a gateway with very many clients is listed without them, and list_clients = false lists none", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start();
  const many = Array.from({ length: 50_000 }, (_, i) => ({ pubKey: keyOf(i) }));
  assertEquals((await post(`${rig.url}/api/presence/gateways`, { ...gateway(1), registeredClients: many }))[0], 201);
  assertEquals(rig.directory.topology().gatewayNodes[0]!.registeredClients, []);
  const changed = structuredClone(rig.config);
  changed.directory.listClients = false;
  assertEquals(rig.directory.reload(() => changed).taken, ["[directory] list_clients"]);
  await post(`${rig.url}/api/presence/gateways`, gateway(2));
  assertEquals(rig.directory.topology().gatewayNodes.map(({ registeredClients }) => registeredClients), [[], []]);
});

Deno.test("it answers health checks and metrics, shows a page, and answers nothing else", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start();
  assertEquals(await get(`${rig.url}/api/healthcheck`), [200, `{"ok":true}`]);
  const metrics = { pubKey: keyOf(1), received: 1, sent: { "1.2.3.4:5": 1 } };
  assertEquals(await post(`${rig.url}/api/metrics/mixes`, metrics), [201, { ok: true }]);
  assertEquals((await post(`${rig.url}/api/metrics/mixes`, "{"))[0], 400);
  assertEquals(await get(`${rig.url}/api/metrics/mixes`), [200, "[]"]);
  assertEquals((await get(`${rig.url}/api/elsewhere`))[0], 404);
  assertStringIncludes((await get(rig.url))[1], "<!DOCTYPE html>");
  await post(`${rig.url}/api/presence/mixnodes`, mixnode(1));
  const [status, text] = await get(`${rig.url}/api/network`);
  assertEquals(status, 200);
  const { name, nodes } = JSON.parse(text);
  assertEquals([name, nodes.length, nodes[0].key, nodes[0].layer], ["test", 1, keyOf(1), 2]);
});

Deno.test("after a restart the nodes and the operator's words are there", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start();
  await post(`${rig.url}/api/presence/mixnodes`, mixnode(1));
  await post(`${rig.url}/api/presence/gateways`, gateway(1));
  await rig.directory.decide(keyOf(1), { layer: 4 });
  await rig.stop();
  await rig.restart();
  const { mixNodes, gatewayNodes } = rig.directory.topology();
  assertEquals(mixNodes.map(({ pubKey, layer }) => [pubKey, layer]), [[keyOf(1), 4]]);
  assertEquals(gatewayNodes.map(({ pubKey, registeredClients }) => [pubKey, registeredClients.length]), [
    [gateway(1).pubKey, 0],
  ]);
});
