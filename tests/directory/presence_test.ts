import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DirectoryClient } from "../../src/directory/client.ts";
import { Presence } from "../../src/directory/presence.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { setLogOutput } from "../../src/logging/log.ts";
import { type Answer, DirectoryServer } from "./directory_server.ts";

const SELF = {
  location: "here",
  clientListener: "ws://10.0.0.1:9000",
  mixnetListener: "10.0.0.1:1789",
  pubKey: "own",
  version: "0.7.0",
};
const OTHER = { ...SELF, pubKey: "other", registeredClients: [], lastSeen: 0 };
const TIMINGS = { sendingDelay: 1, topologyRefresh: 1, firstRetry: 1, maximumRetry: 4 };
const NO_CLIENTS: { pubKey: string }[] = [];

const mixnode = (host: string) => ({ host, pubKey: "m", layer: 1, version: "0.7.0", location: "", lastSeen: 0 });
const serving = (mixNodes: unknown[], gatewayNodes: unknown[] = []): Answer => () =>
  Response.json({ mixNodes, gatewayNodes });
const broken: Answer = () => new Response(null, { status: 500 });

function presence(server: DirectoryServer, clients = () => NO_CLIENTS, timings = TIMINGS): Presence {
  return new Presence(new DirectoryClient(server.url), SELF, clients, timings);
}

/** Runs `act` with the lines that are logged meanwhile, without their times, and with a promise of a matching one. */
async function logging(
  act: (lines: string[], line: (pattern: RegExp) => Promise<void>) => Promise<void>,
): Promise<void> {
  const lines: string[] = [];
  let arrived = Promise.withResolvers<void>();
  setLogOutput((line) => {
    lines.push(line.slice(25));
    arrived.resolve();
    arrived = Promise.withResolvers<void>();
  });
  const awaitLine = async (pattern: RegExp) => {
    while (!lines.some((line) => pattern.test(line))) await arrived.promise;
  };
  try {
    await act(lines, awaitLine);
  } finally {
    setLogOutput(undefined);
  }
}

Deno.test("presence is posted again and again, with the clients that are registered then", async () => {
  await using server = new DirectoryServer();
  let clients = NO_CLIENTS;
  await using running = presence(server, () => clients);
  running.start();
  await server.requests(4);
  clients = [{ pubKey: "c" }];
  await server.requests(6);
  const [first, last] = [server.posted[0], server.posted.at(-1)].map((body) => JSON.parse(body ?? ""));
  assertEquals(first, { ...SELF, registeredClients: [], lastSeen: 0 });
  assertEquals(last, { ...SELF, registeredClients: [{ pubKey: "c" }], lastSeen: 0 });
});

Deno.test("the clients are written anew only when there is a new array of them", async () => {
  await using server = new DirectoryServer();
  let written = 0;
  const clients = [{ pubKey: "c", toJSON: () => ({ pubKey: `written ${++written}` }) }];
  await using running = presence(server, () => clients);
  running.start();
  await server.requests(10);
  assert(server.posted.length > 1);
  assertEquals([written, new Set(server.posted).size], [1, 1]);
});

Deno.test("the topology is followed, and its mixnodes are known by their addresses", async () => {
  await using server = new DirectoryServer();
  server.topology = serving([mixnode("10.0.0.7:1")]);
  await using running = presence(server);
  assertEquals([running.topology, running.isMixnode({ host: "10.0.0.7", port: 1 })], [
    { mixNodes: [], gatewayNodes: [] },
    false,
  ]);
  await running.refuseAddressClash();
  assertEquals(running.topology.mixNodes, [mixnode("10.0.0.7:1")]);
  assert(running.isMixnode({ host: "10.0.0.7", port: 1 }));
  assert(!running.isMixnode({ host: "10.0.0.7", port: 2 }));
  running.start();
  server.topology = serving([mixnode("[::1]:2")]);
  while (running.isMixnode({ host: "10.0.0.7", port: 1 })) await server.requests(1);
  assert(running.isMixnode({ host: "::1", port: 2 }));
});

Deno.test("an address that another gateway announces is refused, what we announced before is not", async () => {
  await using server = new DirectoryServer();
  await using own = presence(server);
  server.topology = serving([], [{ ...OTHER, mixnetListener: "10.0.0.2:1789" }]);
  const error = await assertRejects(() => own.refuseAddressClash(), OperatorError);
  assertEquals(error.exitCode, 69);
  assertEquals(
    error.message,
    `Cannot announce ws://10.0.0.1:9000 for clients packets: the gateway with public key other announces it already ` +
      `(directory ${server.url}); stop that gateway, or set another announce_address in [clients_endpoint]`,
  );
  server.topology = serving([], [{ ...OTHER, clientListener: "ws://10.0.0.2:9000" }]);
  await assertRejects(
    () => own.refuseAddressClash(),
    OperatorError,
    "Cannot announce 10.0.0.1:1789 for sphinx packets",
  );
  server.topology = serving([], [{ ...OTHER, pubKey: "own" }]);
  await own.refuseAddressClash();
  assertEquals(own.topology.gatewayNodes.length, 1);
});

Deno.test("a directory that can't tell of clashes is a warning", () =>
  logging(async (lines) => {
    await using server = new DirectoryServer();
    server.topology = broken;
    await using running = presence(server);
    await running.refuseAddressClash();
    assertEquals(lines.length, 1);
    assertMatch(lines[0] ?? "", /^WARN .*> directory http:\S+ unreachable: it answered with status 500; trying on$/);
  }));

Deno.test("one line tells that the directory fails and one that it answers again; its last topology stays", () =>
  logging(async (lines, line) => {
    await using server = new DirectoryServer();
    server.topology = serving([mixnode("10.0.0.7:1")]);
    await using running = presence(server);
    await running.refuseAddressClash();
    server.topology = broken;
    server.presence = () => new Response("rubbish", { status: 404 });
    running.start();
    await server.requests(12);
    assert(running.isMixnode({ host: "10.0.0.7", port: 1 }));
    server.topology = serving([]);
    server.presence = () => Response.json({ ok: true }, { status: 201 });
    await line(/answers again$/);
    await server.requests(6);
    assertEquals(lines.map((text) => text.slice(0, 5).trim()), ["WARN", "INFO"]);
    assertEquals(running.topology.mixNodes, []);
  }));

Deno.test("disposing ends requests that are under way, and waits that are long", () =>
  logging(async (lines) => {
    await using server = new DirectoryServer();
    server.presence = server.never;
    const running = presence(server, () => NO_CLIENTS, { ...TIMINGS, topologyRefresh: 2 ** 30 });
    running.start();
    await server.requests(2);
    await running[Symbol.asyncDispose]();
    assertEquals(lines, []);
  }));
