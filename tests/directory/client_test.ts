import { assert, assertEquals, assertRejects } from "@std/assert";
import { DirectoryClient, DirectoryError, MAX_ANSWER_SIZE } from "../../src/directory/client.ts";
import { DirectoryServer } from "./directory_server.ts";

const ALWAYS = new AbortController().signal;
const MIXNODE = { host: "1.2.3.4:1789", pubKey: "m", layer: 1, version: "0.7.0", location: "x", lastSeen: 5 };

async function failure(request: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => request, DirectoryError)).message;
}

Deno.test("the topology is fetched, with a slash at the end of the URL too", async () => {
  await using server = new DirectoryServer();
  server.topology = () => Response.json({ mixNodes: [MIXNODE], gatewayNodes: [] });
  for (const url of [server.url, `${server.url}/`]) {
    const topology = await new DirectoryClient(url).topology(ALWAYS);
    assertEquals(topology, { mixNodes: [MIXNODE], gatewayNodes: [] });
  }
});

Deno.test("presence is posted as JSON", async () => {
  await using server = new DirectoryServer();
  let type: string | null = null;
  server.presence = (request) => {
    type = request.headers.get("content-type");
    return Response.json({ ok: true }, { status: 201 });
  };
  await new DirectoryClient(server.url).announce(`{"pubKey":"g"}`, ALWAYS);
  assertEquals(server.posted, [`{"pubKey":"g"}`]);
  assertEquals(type, "application/json");
});

Deno.test("rubbish is an error that says what it is", async () => {
  await using server = new DirectoryServer();
  const client = new DirectoryClient(server.url);
  const cases: [() => Response, string][] = [
    [() => new Response("busy", { status: 500 }), "it answered with status 500"],
    [() => new Response("<html>"), "its answer is not JSON"],
    [() => Response.json({ hello: "world" }), "its answer is not a topology"],
    [() => new Response(null), "its answer is not JSON"],
    [() => new Response("[".repeat(17)), "its answer has too many values for a topology"],
    [() => new Response("[],".repeat(1_000_000)), "its answer has too many values for a topology"],
  ];
  for (const [answer, reason] of cases) {
    server.topology = answer;
    assertEquals(await failure(client.topology(ALWAYS)), reason);
  }
  server.presence = () => Response.json({ error: "version" }, { status: 422 });
  assertEquals(await failure(client.announce("{}", ALWAYS)), "it answered with status 422");
});

Deno.test("an endless answer is cut off", async () => {
  await using server = new DirectoryServer();
  let sent = 0;
  server.topology = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => {
          sent += 1024 * 1024;
          controller.enqueue(new Uint8Array(1024 * 1024).fill(32));
        },
      }),
    );
  const message = await failure(new DirectoryClient(server.url, 60_000).topology(ALWAYS));
  assertEquals(message, `its answer is longer than ${MAX_ANSWER_SIZE} bytes`);
  assert(sent > MAX_ANSWER_SIZE);
});

Deno.test("an answer that does not come, or does not end, is given up", async () => {
  await using server = new DirectoryServer();
  server.topology = server.never;
  assertEquals(await failure(new DirectoryClient(server.url, 20).topology(ALWAYS)), "no complete answer within 20 ms");
  server.topology = () => new Response(new ReadableStream({ start: (body) => body.enqueue(new Uint8Array(1)) }));
  assertEquals(await failure(new DirectoryClient(server.url, 20).topology(ALWAYS)), "no complete answer within 20 ms");
});

Deno.test("a directory that is not there, or hangs up, is an error that names no address", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = new DirectoryClient(`http://127.0.0.1:${listener.addr.port}`);
  const hangUp = async () => (await listener.accept()).close();
  assertEquals((await Promise.all([failure(client.topology(ALWAYS)), hangUp()]))[0], "the connection failed");
  listener.close();
  assertEquals(await failure(client.topology(ALWAYS)), "the connection failed");
});

Deno.test("a request ends when it is aborted, with the reason that was given", async () => {
  await using server = new DirectoryServer();
  server.topology = server.never;
  const ending = new AbortController();
  const request = new DirectoryClient(server.url).topology(ending.signal);
  await server.requests(1);
  ending.abort(new Error("enough"));
  await assertRejects(() => request, Error, "enough");
  await assertRejects(() => new DirectoryClient(server.url).topology(ending.signal), Error, "enough");
});
