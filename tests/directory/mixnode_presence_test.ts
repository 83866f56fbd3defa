import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DirectoryClient } from "../../src/directory/client.ts";
import { MixnodePresence } from "../../src/directory/mixnode_presence.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { eventually } from "../support/eventually.ts";
import { LogLines } from "../support/log_lines.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { DirectoryServer } from "./directory_server.ts";

const SELF = { host: "10.0.0.1:1789", pubKey: "own", layer: 1, version: "0.7.0", location: "here" };
const TIMINGS = {
  sendingDelay: 2 ** 30,
  topologyRefresh: 2 ** 30,
  firstRetry: 1,
  maximumRetry: 4,
  firstTopology: 60_000,
};

function presenceAt(
  server: DirectoryServer,
  mayConnect = (_ip: string) => true,
  keptAt = "/nowhere/topology.json",
  timings = TIMINGS,
): MixnodePresence {
  const context = { self: SELF, keys: generateKeyPair(), mayConnect, keptAt, refuseAddressClash: false };
  return new MixnodePresence(new DirectoryClient(server.url), context, timings);
}

/** Makes the directory list these nodes: mixnodes as `ip:port` with their keys, gateways as `ip:port`. */
function lists(server: DirectoryServer, mixnodes: Record<string, string>, gateways: string[] = []): void {
  const mixNodes = Object.entries(mixnodes).map(([host, pubKey]) => ({ ...SELF, host, pubKey, lastSeen: 0 }));
  const gatewayNodes = gateways.map((mixnetListener) => ({
    ...{ clientListener: "ws://10.0.0.9:9000", mixnetListener, pubKey: mixnetListener, registeredClients: [] },
    ...{ version: "0.7.0", location: "", lastSeen: 0 },
  }));
  server.topology = () => Response.json({ cocoNodes: [], mixNodes, mixProviderNodes: [], gatewayNodes });
}

Deno.test("a mixnode knows all mixnodes and gateways that it may connect to, except itself", async () => {
  await using server = new DirectoryServer();
  lists(server, { "10.0.0.1:1789": "own", "10.0.0.2:1789": "a", "127.0.0.1:1": "b" }, ["10.0.0.3:1789"]);
  await using presence = presenceAt(server, (ip) => ip !== "127.0.0.1");
  await presence.prepare();
  const known = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].filter((host) =>
    presence.isNode({ host, port: 1789 }) && presence.isNodeHost(host)
  );
  assertEquals([known, presence.nodes], [["10.0.0.2", "10.0.0.3"], 2]);
});

Deno.test("a mixnode knows itself however its address is written", async () => {
  await using server = new DirectoryServer();
  lists(server, { "[::ffff:10.0.0.1]:1789": "a", "[2002:a00:1::7]:1789": "b" }, ["[::10.0.0.1]:1789", "10.0.0.1:1790"]);
  await using presence = presenceAt(server);
  await presence.prepare();
  const hosts = ["10.0.0.1", "::ffff:a00:1", "2002:a00:1::7", "::a00:1"];
  assertEquals(hosts.filter((host) => presence.isNode({ host, port: 1789 })), []);
  assert(presence.isNode({ host: "10.0.0.1", port: 1790 }));
});

Deno.test("packets for unknown nodes refresh the topology, but not too often", async () => {
  await using server = new DirectoryServer();
  lists(server, {});
  await using presence = presenceAt(server);
  await presence.prepare();
  lists(server, { "10.0.0.2:1789": "a" });
  await Promise.all(Array.from({ length: 100 }, () => presence.lookAgain()));
  for (let i = 0; i < 100; i++) await presence.lookAgain();
  assert(presence.isNode({ host: "10.0.0.2", port: 1789 }));
  assertEquals(server.asked, 2);
});

Deno.test("the last good topology is used after a restart without the directory, and what may be connected to is asked again", async () => {
  using log = new LogLines();
  using folder = new TemporaryFolder();
  const keptAt = folder.file("topology.json");
  await using server = new DirectoryServer();
  lists(server, { "10.0.0.2:1789": "a", "10.0.0.3:1789": "b" }, ["10.0.0.4:1789"]);
  {
    await using presence = presenceAt(server, undefined, keptAt);
    await presence.prepare();
  }
  server.topology = () => new Response(null, { status: 500 });
  await using presence = presenceAt(server, (ip) => ip !== "10.0.0.3", keptAt);
  await presence.prepare();
  assertEquals([presence.nodes, presence.isNode({ host: "10.0.0.4", port: 1789 })], [2, true]);
  assert(presence.topologyAge! >= 0);
  assertStringIncludes(log.texts.at(-1)!, "ago, with 2 nodes");
  await using without = presenceAt(server);
  await without.prepare();
  assertEquals([without.nodes, without.topologyAge], [0, undefined]);
});

Deno.test("what is wrong with its own entry is a fault, once the directory has accepted an announcement", async () => {
  using log = new LogLines();
  await using server = new DirectoryServer();
  lists(server, {});
  const timings = { ...TIMINGS, sendingDelay: 1, topologyRefresh: 1 };
  await using presence = presenceAt(server, undefined, undefined, timings);
  await presence.prepare();
  assertEquals([presence.fault, presence.isListed], [undefined, undefined]);
  const has = (fault: string) => presence.fault?.includes(fault) === true;
  presence.start();
  await eventually("it is missing", () => has("does not list this mixnode"));
  assertEquals(presence.isListed, false);
  lists(server, { "10.0.0.1:1789": "own" });
  await eventually("it is listed", () => presence.isListed === true);
  assertEquals(presence.fault, undefined);
  server.topology = () =>
    Response.json({
      ...{ cocoNodes: [], mixProviderNodes: [], gatewayNodes: [] },
      mixNodes: ["own", "other"].map((pubKey) => ({ ...SELF, pubKey, lastSeen: 0 })),
    });
  await eventually("there is another", () => has("public key other announces 10.0.0.1:1789 too"));
  assertEquals(presence.isListed, true);
  assertEquals(log.texts.filter((text) => text.includes("does not list this mixnode")).length, 1);
});

Deno.test("another mixnode with its key is a fault as long as the two take turns at the directory", async () => {
  using log = new LogLines();
  await using server = new DirectoryServer();
  lists(server, { "10.0.0.7:1789": "own" });
  await using presence = presenceAt(server, undefined, undefined, { ...TIMINGS, sendingDelay: 1, topologyRefresh: 1 });
  await presence.prepare();
  assertEquals(presence.fault, undefined, "before it has announced itself, that may be an older entry of its own");
  presence.start();
  const isFound = () => presence.fault?.includes("the directory lists it at 10.0.0.7:1789") === true;
  await eventually("it is elsewhere", isFound);
  lists(server, { "10.0.0.1:1789": "own" });
  await eventually("it is listed", () => presence.isListed === true);
  assert(isFound(), presence.fault);
  assertEquals(log.texts.filter((text) => text.includes("another mixnode has this mixnode's key")).length, 1);
});

Deno.test("nodes are kept while the directory fails", async () => {
  using _silence = new Silence();
  await using server = new DirectoryServer();
  lists(server, { "10.0.0.2:1789": "a" });
  await using presence = presenceAt(server);
  await presence.prepare();
  server.topology = () => new Response(null, { status: 500 });
  await presence.lookAgain();
  assertEquals([presence.failure, presence.nodes], ["it answered with status 500", 1]);
  lists(server, { "10.0.0.3:1789": "a" });
  presence.start();
  await eventually("it answers again", () => presence.isNode({ host: "10.0.0.3", port: 1789 }));
});
