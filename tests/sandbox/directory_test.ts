import { assert, assertEquals } from "@std/assert";
import { Directory } from "../../src/sandbox/directory.ts";

const LOCAL = { host: "127.0.0.1", port: 0 };
const MIXNODE = { host: "1.2.3.4:5", pubKey: "m", layer: 2, location: "here", lastSeen: 0, version: "0.7.0" };
const GATEWAY = {
  location: "there",
  clientListener: "ws://1.2.3.4:6",
  mixnetListener: "1.2.3.4:7",
  pubKey: "g",
  registeredClients: [{ pubKey: "c" }],
  lastSeen: 0,
  version: "0.7.0",
};

async function post(url: string, body: unknown): Promise<[number, unknown]> {
  const response = await fetch(url, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });
  return [response.status, await response.json()];
}

async function get(url: string): Promise<[number, string]> {
  const response = await fetch(url);
  return [response.status, await response.text()];
}

Deno.test("announced nodes are in the topology as they were posted", async () => {
  let now = 1_795_406_847_619;
  await using directory = new Directory(LOCAL, () => now);
  const presence = `${directory.url}/api/presence`;
  assertEquals(await post(`${presence}/mixnodes`, MIXNODE), [201, { ok: true }]);
  assertEquals(await post(`${presence}/gateways`, GATEWAY), [201, { ok: true }]);
  now += 1000;
  const [status, text] = await get(`${presence}/topology`);
  const lastSeen = 1_795_406_847_619_000_000;
  assertEquals(status, 200);
  assertEquals(JSON.parse(text), {
    cocoNodes: [],
    mixNodes: [{ ...MIXNODE, lastSeen }],
    mixProviderNodes: [],
    gatewayNodes: [{ ...GATEWAY, lastSeen }],
  });
  assert(text.includes(`"lastSeen":${lastSeen}`), "as the integer that 0.7.0 peers read");
});

Deno.test("an empty network has an empty topology", async () => {
  await using directory = new Directory(LOCAL);
  assertEquals(await get(`${directory.url}/api/presence/topology`), [
    200,
    `{"cocoNodes":[],"mixProviderNodes":[],"mixNodes":[],"gatewayNodes":[]}`,
  ]);
});

Deno.test("a node disappears after ten seconds of silence, and stays while it keeps announcing itself", async () => {
  let now = 0;
  await using directory = new Directory(LOCAL, () => now);
  const url = `${directory.url}/api/presence/mixnodes`;
  await post(url, MIXNODE);
  await post(url, { ...MIXNODE, pubKey: "n" });
  now = 10_000;
  await post(url, { ...MIXNODE, pubKey: "n" });
  assertEquals(directory.topology().mixNodes.map((node) => node.pubKey), ["m", "n"]);
  now = 10_001;
  assertEquals(directory.topology().mixNodes.map((node) => node.pubKey), ["n"]);
});

Deno.test("mixnodes older than 0.6.0 are refused", async () => {
  await using directory = new Directory(LOCAL);
  const statuses = new Map<string, number>();
  for (const version of ["0.5.9", "0.6.0", "0.6.1", "0.10.0", "1.0.0", "old", ""]) {
    const [status] = await post(`${directory.url}/api/presence/mixnodes`, { ...MIXNODE, version });
    statuses.set(version, status);
  }
  assertEquals(
    [...statuses],
    [["0.5.9", 422], ["0.6.0", 201], ["0.6.1", 201], ["0.10.0", 201], ["1.0.0", 201], ["old", 422], ["", 400]],
  );
});

Deno.test("an invalid presence is refused", async () => {
  await using directory = new Directory(LOCAL);
  for (const kind of ["mixnodes", "gateways"]) {
    for (const body of ["{", "null", "[]", {}, { pubKey: "x" }]) {
      const [status] = await post(`${directory.url}/api/presence/${kind}`, body);
      assertEquals(status, 400, `${kind}: ${JSON.stringify(body)}`);
    }
  }
  assertEquals(directory.topology(), { mixNodes: [], gatewayNodes: [] });
});

Deno.test("it answers health checks, metrics and nothing else", async () => {
  await using directory = new Directory(LOCAL);
  assertEquals(await get(`${directory.url}/api/healthcheck`), [200, `{"ok":true}`]);
  const metrics = { pubKey: "m", received: 1, sent: { "1.2.3.4:5": 1 } };
  assertEquals(await post(`${directory.url}/api/metrics/mixes`, metrics), [201, { ok: true }]);
  assertEquals((await post(`${directory.url}/api/metrics/mixes`, "{"))[0], 400);
  assertEquals((await get(`${directory.url}/api/elsewhere`))[0], 404);
});
