import { assert, assertEquals, assertRejects } from "@std/assert";
import { DirectoryClient, DirectoryError } from "../../src/directory/client.ts";
import { DirectoryServer } from "./directory_server.ts";

const ALWAYS = new AbortController().signal;
const MIXNODE = { host: "1.2.3.4:1789", pubKey: "m", layer: 1, version: "0.7.0", location: "x", lastSeen: 5 };

async function failure(request: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => request, DirectoryError)).message;
}

Deno.test("the topology is requested, also from a URL with a trailing slash", async () => {
  await using server = new DirectoryServer();
  server.topology = () => Response.json({ mixNodes: [MIXNODE], gatewayNodes: [] });
  for (const url of [server.url, `${server.url}/`]) {
    const { topology, isWhole } = await new DirectoryClient(url).topology(ALWAYS);
    assertEquals([topology, isWhole], [{ mixNodes: [MIXNODE], gatewayNodes: [] }, true]);
  }
});

Deno.test("presence is posted as JSON", async () => {
  await using server = new DirectoryServer();
  let type: string | null = null;
  server.presence = (request) => {
    type = request.headers.get("content-type");
    return Response.json({ ok: true }, { status: 201 });
  };
  await new DirectoryClient(server.url).announce("gateways", `{"pubKey":"g"}`, ALWAYS);
  assertEquals(server.posted, [`{"pubKey":"g"}`]);
  assertEquals(type, "application/json");
});

Deno.test("an invalid answer is an error that says what it is", async () => {
  await using server = new DirectoryServer();
  const client = new DirectoryClient(server.url);
  const notOne = "its answer is not a topology";
  const cases: [() => Response, string][] = [
    [() => new Response("busy", { status: 500 }), "it answered with status 500"],
    [() => new Response("<html>"), notOne],
    [() => Response.json({ hello: "world" }), notOne],
    [() => new Response(null), notOne],
    [() => new Response("[".repeat(17)), notOne],
    [() => new Response("[],".repeat(1_000_000)), notOne],
    [() => new Response('{"mixNodes":[],"gatewayNodes":['), notOne],
  ];
  for (const [answer, reason] of cases) {
    server.topology = answer;
    assertEquals(await failure(client.topology(ALWAYS)), reason);
  }
  server.presence = () => Response.json({ error: "version" }, { status: 422 });
  assertEquals(await failure(client.announce("gateways", "{}", ALWAYS)), "it answered with status 422: version");
});

Deno.test("a server that answers 2xx to anything, but not as a directory does, has not accepted an announcement", async () => {
  await using server = new DirectoryServer();
  const client = new DirectoryClient(server.url);
  const others = [
    () => new Response("<html>Welcome to this hotel's network", { status: 200 }),
    () => new Response(null, { status: 204 }),
    () => Response.json({ ok: false }, { status: 201 }),
    () => Response.json([{ ok: true }]),
    () => new Response(`{"ok":true}`.padEnd(10_000)),
  ];
  for (const answer of others) {
    server.presence = answer;
    assertEquals(
      await failure(client.announce("gateways", "{}", ALWAYS)),
      "its answer to our presence is not a directory's",
    );
  }
  server.presence = () => Response.json({ ok: true });
  await client.announce("gateways", "{}", ALWAYS);
});

Deno.test("no redirect is followed, whatever its status; the error names its target", async () => {
  await using elsewhere = new DirectoryServer();
  await using server = new DirectoryServer();
  const client = new DirectoryClient(server.url);
  for (const status of [301, 302, 303, 307, 308]) {
    const location = `${elsewhere.url}/api/presence/x\u202e`;
    const answer = () => new Response(null, { status, headers: { location: encodeURI(location) } });
    server.topology = server.presence = answer;
    for (const request of [client.topology(ALWAYS), client.announce("gateways", "{}", ALWAYS)]) {
      const said = await failure(request);
      assertEquals(
        said.startsWith(`it redirects to ${encodeURI(location)} (status ${status}), which is not followed`),
        true,
        said,
      );
      assertEquals(said.includes("presence_directory_server"), true);
    }
  }
  server.topology = () => new Response(null, { status: 302, headers: { location: `/${"x".repeat(1000)}` } });
  assertEquals((await failure(client.topology(ALWAYS))).length < 500, true);
  assertEquals([elsewhere.asked, elsewhere.posted], [0, []]);
});

/** An endless topology that begins with the given text. */
function endless(server: DirectoryServer, begin: string, repeated: string): { sent: () => number } {
  let sent = 0;
  const piece = new TextEncoder().encode(repeated.repeat(Math.ceil(65_536 / repeated.length)));
  server.topology = () =>
    new Response(
      new ReadableStream({
        start: (body) => body.enqueue(new TextEncoder().encode(begin)),
        pull: (body) => {
          sent += piece.length;
          body.enqueue(piece);
        },
      }),
    );
  return { sent: () => sent };
}

Deno.test("an endless answer is cut off, but mixnodes are used if their list is complete", async () => {
  await using server = new DirectoryServer();
  const maximum = 2_000_000;
  const client = new DirectoryClient(server.url, 60_000, maximum);
  const blank = endless(server, "", " ");
  assertEquals(await failure(client.topology(ALWAYS)), `its answer is longer than ${maximum} bytes`);
  assert(blank.sent() > maximum);
  endless(server, `{"mixNodes":[${JSON.stringify(MIXNODE)}],"gatewayNodes":[{"registeredClients":[`, `{"pubKey":"x"},`);
  const { topology, isWhole } = await client.topology(ALWAYS);
  assertEquals([topology.mixNodes, isWhole], [[MIXNODE], false]);
});

Deno.test("an answer that makes progress for ever is given up after the time that even a long one may take", async () => {
  await using server = new DirectoryServer();
  endless(server, "", " ");
  const client = new DirectoryClient(server.url, 60_000, Infinity);
  assertEquals(await failure(client.topology(ALWAYS, 100)), "no complete answer within 100 ms");
});

Deno.test("a topology with very many clients is read, without holding up the event loop", async () => {
  await using server = new DirectoryServer();
  const client = { pubKey: "4fg7".repeat(11) };
  const gateway = { clientListener: "ws://1.2.3.4:1", mixnetListener: "1.2.3.4:2", pubKey: "g" };
  const clients = JSON.stringify({ ...gateway, registeredClients: Array(200_000).fill(client) });
  const body = `{"mixNodes":[${JSON.stringify(MIXNODE)}],"gatewayNodes":[${clients},${clients},${clients}]}`;
  server.topology = () => new Response(body);
  assert(body.length > 33 * 1024 * 1024);
  let turns = 0;
  const turning = setInterval(() => turns++, 0);
  const { topology, isWhole } = await new DirectoryClient(server.url).topology(ALWAYS);
  clearInterval(turning);
  assertEquals([topology.mixNodes, topology.gatewayNodes.length, isWhole], [[MIXNODE], 3, true]);
  assert(turns > 10, `other things had ${turns} turns meanwhile`);
});

Deno.test("an answer that does not arrive, or does not end, times out", async () => {
  await using server = new DirectoryServer();
  server.topology = server.never;
  assertEquals(await failure(new DirectoryClient(server.url, 20).topology(ALWAYS)), "no complete answer within 20 ms");
  server.topology = () => new Response(new ReadableStream({ start: (body) => body.enqueue(new Uint8Array(1)) }));
  assertEquals(await failure(new DirectoryClient(server.url, 20).topology(ALWAYS)), "no complete answer within 20 ms");
});

Deno.test("a directory that is unreachable, or hangs up, is an error that names no address", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = new DirectoryClient(`http://127.0.0.1:${listener.addr.port}`);
  const hangUp = async () => (await listener.accept()).close();
  assertEquals((await Promise.all([failure(client.topology(ALWAYS)), hangUp()]))[0], "the connection failed");
  listener.close();
  assertEquals(await failure(client.topology(ALWAYS)), "the connection failed");
});

Deno.test("a request that is aborted rejects with the signal's reason", async () => {
  await using server = new DirectoryServer();
  server.topology = server.never;
  const ending = new AbortController();
  const request = new DirectoryClient(server.url).topology(ending.signal);
  await server.requests(1);
  ending.abort(new Error("enough"));
  await assertRejects(() => request, Error, "enough");
  await assertRejects(() => new DirectoryClient(server.url).topology(ending.signal), Error, "enough");
});
