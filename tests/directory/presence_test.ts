import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DirectoryClient } from "../../src/directory/client.ts";
import { Presence, type PresenceContext } from "../../src/directory/presence.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { setLogOutput } from "../../src/logging/log.ts";
import { GatewayRig } from "../support/gateway_rig.ts";
import { eventually } from "../support/eventually.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { formatSocketAddress } from "../../src/addresses/socket_address.ts";
import { type Answer, DirectoryServer } from "./directory_server.ts";

const SELF = {
  location: "here",
  clientListener: "ws://10.0.0.1:9000",
  mixnetListener: "10.0.0.1:1789",
  pubKey: "own",
  version: "0.7.0",
};
const OTHER = { ...SELF, pubKey: "other", registeredClients: [], lastSeen: 0 };
const TIMINGS = {
  sendingDelay: 1,
  longDelay: 1,
  topologyRefresh: 1,
  firstRetry: 1,
  maximumRetry: 4,
  firstTopology: 60_000,
};
const NO_CLIENTS: { pubKey: string }[] = [];

const mixnode = (host: string) => ({ host, pubKey: "m", layer: 1, version: "0.7.0", location: "", lastSeen: 0 });
const serving = (mixNodes: unknown[], gatewayNodes: unknown[] = []): Answer => () =>
  Response.json({ mixNodes, gatewayNodes });
const broken: Answer = () => new Response(null, { status: 500 });

/** The files of a test's presences. */
class Rig implements Disposable {
  readonly #folder = new TemporaryFolder();
  readonly keptAt = this.#folder.file("topology.json");

  presence(server: { url: string }, context: Partial<PresenceContext> = {}, timings = TIMINGS): Presence {
    const defaults: PresenceContext = {
      self: SELF,
      keys: generateKeyPair(),
      announcedClients: () => NO_CLIENTS,
      mayConnect: () => true,
      keptAt: this.keptAt,
      refuseAnyClash: false,
    };
    return new Presence(new DirectoryClient(server.url), { ...defaults, ...context }, timings);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

/** Runs `act` with the lines logged in the meantime, without their times, and a function that waits for a matching line. */
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

Deno.test("presence is posted regularly, with the clients that are then registered", async () => {
  await using server = new DirectoryServer();
  let clients = NO_CLIENTS;
  using rig = new Rig();
  await using running = rig.presence(server, { announcedClients: () => clients });
  running.start();
  await server.requests(4);
  clients = [{ pubKey: "c" }];
  await server.requests(6);
  const [first, last] = [server.posted[0], server.posted.at(-1)].map((body) => JSON.parse(body ?? ""));
  assertEquals(first, { ...SELF, registeredClients: [], lastSeen: 0 });
  assertEquals(last, { ...SELF, registeredClients: [{ pubKey: "c" }], lastSeen: 0 });
});

Deno.test("the announcement is only built again for a new array of clients", async () => {
  await using server = new DirectoryServer();
  let written = 0;
  const clients = [{ pubKey: "c", toJSON: () => ({ pubKey: `written ${++written}` }) }];
  using rig = new Rig();
  await using running = rig.presence(server, { announcedClients: () => clients });
  running.start();
  await server.requests(10);
  assert(server.posted.length > 1);
  assertEquals([written, new Set(server.posted).size], [1, 1]);
});

Deno.test("a long announcement is sent when it changes or after a while, a short one every time", async () => {
  await using server = new DirectoryServer();
  let clients = Array.from({ length: 200 }, (_, i) => ({ pubKey: `a client's key ${i}` }));
  using rig = new Rig();
  await using running = rig.presence(server, { announcedClients: () => clients }, { ...TIMINGS, longDelay: 2 ** 30 });
  running.start();
  await server.requests(20); // topologies
  assertEquals(server.posted.length, 1);
  clients = clients.slice(1);
  await server.requests(20);
  assertEquals(server.posted.map((body) => JSON.parse(body).registeredClients.length), [200, 199]);
  clients = [];
  await server.requests(20);
  assert(server.posted.length > 4);
});

Deno.test("the topology is refreshed, and its mixnodes are found by their addresses", async () => {
  await using server = new DirectoryServer();
  server.topology = serving([mixnode("10.0.0.7:1")]);
  using rig = new Rig();
  await using running = rig.presence(server);
  assertEquals([running.mixnodes, running.topologyAge, running.isMixnode({ host: "10.0.0.7", port: 1 })], [
    0,
    undefined,
    false,
  ]);
  await running.prepare();
  assertEquals([running.mixnodes, running.isMixnodeHost("10.0.0.7"), running.isMixnodeHost("10.0.0.8")], [
    1,
    true,
    false,
  ]);
  assert(running.isMixnode({ host: "10.0.0.7", port: 1 }));
  assert(!running.isMixnode({ host: "10.0.0.7", port: 2 }));
  running.start();
  server.topology = serving([mixnode("[::1]:2")]);
  while (running.isMixnode({ host: "10.0.0.7", port: 1 })) await server.requests(1);
  assert(running.isMixnode({ host: "::1", port: 2 }));
});

Deno.test("an entry with our address and another key is a warning, because anyone can post one", () =>
  logging(async (lines) => {
    await using server = new DirectoryServer();
    using rig = new Rig();
    await using own = rig.presence(server);
    server.topology = serving([], [{ ...OTHER, clientListener: "ws://10.0.0.2:9000" }]);
    await own.prepare();
    assertEquals(own.fault, lines[0]?.replace(/^.*> /, ""));
    assertMatch(own.fault ?? "", /^the gateway with public key other announces our mixnet address 10.0.0.1:1789 too/);
    server.topology = serving([], [{ ...OTHER, pubKey: "own" }]);
    await own.prepare();
    assertEquals([own.fault, lines.length], [undefined, 1]);
  }));

Deno.test("an address where another gateway answers is refused, and optionally any that another gateway announces", () =>
  logging(async () => {
    await using other = await GatewayRig.start();
    const clientListener = `ws://${formatSocketAddress(other.gateway.clientsAddress)}`;
    await using server = new DirectoryServer();
    using rig = new Rig();
    const entry = { ...OTHER, clientListener };
    server.topology = serving([], [entry]);
    await using own = rig.presence(server, { self: { ...SELF, clientListener } });
    const error = await assertRejects(() => own.prepare(), OperatorError);
    assertEquals(error.exitCode, 69);
    assertEquals(
      error.message,
      `Cannot announce ${clientListener} for clients: the gateway with public key other announces it already ` +
        `(directory ${server.url}); stop that gateway, or set another announce_address in [clients_endpoint]`,
    );
    // The gateway that answers there may have our key, as behind a load balancer.
    server.topology = serving([], [entry, { ...entry, mixnetListener: SELF.mixnetListener, pubKey: "own" }]);
    await own.prepare();
    await other.stop();
    server.topology = serving([], [entry]);
    await own.prepare();
    await other.restart();

    await using strict = rig.presence(server, { refuseAnyClash: true });
    server.topology = serving([], [{ ...OTHER, clientListener: "ws://10.0.0.2:9000" }]);
    await assertRejects(() => strict.prepare(), OperatorError, "Cannot announce 10.0.0.1:1789 for sphinx packets");
  }));

Deno.test("a server of WebSockets at our address that is not a gateway does not prevent the start", () =>
  logging(async () => {
    await using web = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      if (request.headers.get("upgrade") !== "websocket") return new Response("hello");
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    });
    const clientListener = `ws://127.0.0.1:${web.addr.port}`;
    await using server = new DirectoryServer();
    server.topology = serving([], [{ ...OTHER, clientListener }]);
    using rig = new Rig();
    await using own = rig.presence(server, { self: { ...SELF, clientListener } });
    await own.prepare();
    assert(own.fault !== undefined);
  }));

Deno.test("another gateway with our key is reported at once, unless it is our own previous address", () =>
  logging(async (lines, line) => {
    await using server = new DirectoryServer();
    using rig = new Rig();
    const before = { mixnetListener: "10.0.0.9:1789", clientListener: "ws://10.0.0.9:9000" };
    server.topology = serving([mixnode("10.0.0.7:1")], [{ ...OTHER, ...before, pubKey: "own" }]);
    {
      await using moved = rig.presence(server, { self: { ...SELF, ...before } });
      await moved.prepare();
    }
    await using own = rig.presence(server);
    await own.prepare();
    assertEquals([own.fault, lines], [undefined, []]);
    own.start();
    await line(/another gateway has this gateway's key: the directory lists it with 10\.0\.0\.9:1789/); // it keeps posting
    assert(own.fault?.includes("10.0.0.9:1789"));

    await using unknown = rig.presence(server, { keptAt: `${rig.keptAt}.none` });
    await unknown.prepare();
    assert(unknown.fault?.includes("10.0.0.9:1789"));
  }));

Deno.test("a restart while the directory is down uses the last good topology", () =>
  logging(async (lines) => {
    await using server = new DirectoryServer();
    using rig = new Rig();
    {
      await using first = rig.presence(server);
      server.topology = serving([mixnode("10.0.0.7:1"), mixnode("127.0.0.1:2")]);
      await first.prepare();
      server.topology = serving([]); // as after a restart of the directory
      await first.prepare();
    }
    server.topology = broken;
    await using second = rig.presence(server, { mayConnect: (ip) => ip !== "127.0.0.1" });
    await second.prepare();
    assertEquals([second.mixnodes, second.failure], [1, "it answered with status 500"]);
    assert(second.isMixnode({ host: "10.0.0.7", port: 1 }));
    assert(second.topologyAge! < 60_000);
    assertEquals(lines.map((text) => text.slice(0, 5).trim()), ["WARN", "INFO"]);
  }));

Deno.test("a directory whose answer does not end holds up the start for a bounded time", () =>
  logging(async () => {
    await using server = new DirectoryServer();
    using rig = new Rig();
    server.topology = () => new Response(new ReadableStream({ start: (body) => body.enqueue(new Uint8Array(1)) }));
    await using own = rig.presence(server, {}, { ...TIMINGS, firstTopology: 50 });
    await own.prepare();
    assertEquals(own.failure, "no complete answer within 50 ms");
  }));

Deno.test("mixnodes with forbidden addresses are reported and ignored", () =>
  logging(async (lines) => {
    await using server = new DirectoryServer();
    using rig = new Rig();
    server.topology = serving([mixnode("10.0.0.7:1"), mixnode("127.0.0.1:2"), mixnode("localhost:3")]);
    await using own = rig.presence(server, { mayConnect: (ip) => ip === "10.0.0.7" });
    await own.prepare();
    await own.prepare();
    assertEquals([own.mixnodes, own.isMixnode({ host: "127.0.0.1", port: 2 })], [1, false]);
    assertEquals(lines.length, 1);
    assertMatch(lines[0]!, /^WARN .* of the directory's mixnodes: /);
  }));

Deno.test("a directory that cannot be asked about clashes is a warning", () =>
  logging(async (lines) => {
    await using server = new DirectoryServer();
    server.topology = broken;
    using rig = new Rig();
    await using running = rig.presence(server);
    await running.prepare();
    assertEquals(lines.length, 1);
    assertMatch(
      lines[0] ?? "",
      /^WARN .*> requests to directory http:\S+ fail: it answered with status 500; retrying$/,
    );
  }));

Deno.test("a failure of the directory and its recovery are logged once; the last topology stays in use", () =>
  logging(async (lines, line) => {
    await using server = new DirectoryServer();
    server.topology = serving([mixnode("10.0.0.7:1")]);
    using rig = new Rig();
    await using running = rig.presence(server);
    await running.prepare();
    server.topology = broken;
    server.presence = () => new Response("rubbish", { status: 404 });
    running.start();
    await server.requests(12);
    assert(running.isMixnode({ host: "10.0.0.7", port: 1 }));
    server.topology = serving([], [{ ...OTHER, pubKey: "own" }]);
    server.presence = () => Response.json({ ok: true }, { status: 201 });
    await line(/answers again$/);
    await server.requests(6);
    assertEquals(lines.map((text) => text.slice(0, 5).trim()), ["WARN", "INFO"]);
    assertEquals(running.mixnodes, 0);
  }));

Deno.test("disposing ends pending requests and long waits", () =>
  logging(async (lines) => {
    await using server = new DirectoryServer();
    server.presence = server.never;
    using rig = new Rig();
    const running = rig.presence(server, {}, { ...TIMINGS, topologyRefresh: 2 ** 30 });
    running.start();
    await server.requests(2);
    await running[Symbol.asyncDispose]();
    assertEquals(lines, []);
  }));

Deno.test("after an announcement, presence knows whether the directory lists us as announced", () =>
  logging(async () => {
    await using server = new DirectoryServer();
    using rig = new Rig();
    server.topology = serving([mixnode("10.0.0.7:1")]);
    await using own = rig.presence(server);
    await own.prepare();
    assertEquals(own.isListed, undefined);
    own.start();
    await eventually("it is missing", () => own.isListed === false);
    server.topology = serving([mixnode("10.0.0.7:1")], [{ ...OTHER, ...SELF }]);
    await eventually("it is listed", () => own.isListed === true);
    server.topology = serving([mixnode("10.0.0.7:1")], [{ ...OTHER, ...SELF, mixnetListener: "10.0.0.9:1789" }]);
    await eventually("it is listed elsewhere", () => own.isListed === false);
  }));
