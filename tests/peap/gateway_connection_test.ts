import { assertEquals, assertRejects } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { PeapError } from "../../src/peap/errors.ts";
import { parseAnswer } from "../../src/peap/gateway_answers.ts";
import { GatewayConnection } from "../../src/peap/gateway_connection.ts";

const [firstHop, packet] = [new Uint8Array(7), new Uint8Array(1372)];
const { signal } = new AbortController();
const NO_EVENTS = { frame: () => {}, number: () => {} };

/** A server that passes every WebSocket to the given handler. */
class Scripted implements AsyncDisposable {
  readonly url: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #sockets: WebSocket[] = [];

  constructor(treat: (socket: WebSocket) => void) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      this.#sockets.push(socket);
      treat(socket);
      return response;
    });
    this.url = `ws://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await this.#server.shutdown();
  }
}

Deno.test("answers are matched to requests in order", async () => {
  const error = { type: "error", message: "address field was incorrectly encoded" };
  const answers = [{ type: "send", status: true }, error, { type: "send", status: false }];
  await using gateway = new Scripted((socket) => {
    socket.onmessage = () => socket.send(JSON.stringify(answers.shift()));
  });
  const connection = await GatewayConnection.open(gateway.url, NO_EVENTS, signal);
  const results = await Promise.allSettled([1, 2, 3].map(() => connection.send(firstHop, packet)));
  assertEquals(results.map((result) => result.status === "fulfilled" ? result.value : result.reason.message), [
    true,
    `The gateway refused: ${error.message}`,
    false,
  ]);
  await connection.close();
});

Deno.test("a packet is sent after its unpadded first hop", async () => {
  const received = Promise.withResolvers<Uint8Array>();
  await using gateway = new Scripted((socket) => {
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => received.resolve(new Uint8Array(data));
  });
  const connection = await GatewayConnection.open(gateway.url, NO_EVENTS, signal);
  const hop = Uint8Array.of(4, 1, 2, 3, 4, 5, 6);
  const sent = assertRejects(() => connection.send(hop, packet), PeapError);
  assertEquals(await received.promise, Uint8Array.of(...hop, ...packet));
  await connection.close();
  await sent;
});

Deno.test("frames are passed on in order, before and after the answer to the login, until the connection is closed", async () => {
  await using gateway = new Scripted((socket) => {
    socket.onmessage = () => {
      socket.send(Uint8Array.of(1));
      socket.send(JSON.stringify({ type: "register", token: "abc" }));
      socket.send(Uint8Array.of(2));
    };
  });
  const frames: number[] = [];
  const second = Promise.withResolvers<void>();
  const frame = (contents: Uint8Array) => {
    frames.push(...contents);
    if (frames.length === 2) second.resolve();
  };
  const connection = await GatewayConnection.open(gateway.url, { ...NO_EVENTS, frame }, signal);
  assertEquals((await connection.register("client")).token, "abc");
  await second.promise;
  assertEquals(frames, [1, 2]);
  const waiting = connection.register("client"); // makes the gateway push more
  const closed = connection.close();
  await Promise.allSettled([waiting, closed]);
  assertEquals(frames, [1, 2]);
});

Deno.test("the connection is abandoned when the gateway sends an unexpected answer", async () => {
  const words = {
    "not JSON at all": "does not match",
    '{"type":"send","status":true}': "does not match",
    '{"type":"error","message":"not authenticated in time"}': "not authenticated in time",
  };
  for (const [said, reason] of Object.entries(words)) {
    await using gateway = new Scripted((socket) => socket.onopen = () => socket.send(said));
    const connection = await GatewayConnection.open(gateway.url, NO_EVENTS, signal);
    const { kind, message } = await connection.ended;
    assertEquals([kind, message.includes(reason)], ["connection", true]);
    await assertRejects(() => connection.send(firstHop, packet), PeapError);
  }
});

Deno.test("an answer of an unexpected type counts as a refusal", async () => {
  await using gateway = new Scripted((socket) => {
    socket.onmessage = () => socket.send(JSON.stringify({ type: "send", status: true }));
  });
  const connection = await GatewayConnection.open(gateway.url, NO_EVENTS, signal);
  await assertRejects(() => connection.register("client"), PeapError, "of an unexpected type");
  await assertRejects(() => connection.authenticate("client", { token: "token" }), PeapError, "of an unexpected type");
  await connection.close();
});

Deno.test("opening fails when the peer is not a WebSocket server", async () => {
  const open = (url: string) => () => GatewayConnection.open(url, NO_EVENTS, signal);
  await assertRejects(open("not a URL"), PeapError, "not a WebSocket address");
  await assertRejects(open("ws://127.0.0.1:1"), PeapError);
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("hello"));
  await assertRejects(open(`ws://127.0.0.1:${server.addr.port}`), PeapError);
});

Deno.test("opening can be cancelled", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const giving = new AbortController();
  const opening = GatewayConnection.open(`ws://127.0.0.1:${silent.addr.port}`, NO_EVENTS, giving.signal);
  using _accepted = await silent.accept();
  giving.abort();
  await assertRejects(() => opening, PeapError, "was closed");
});

Deno.test("only valid answers are parsed", () => {
  assertEquals(parseAnswer('{"type":"register","token":"t"}'), {
    type: "register",
    token: "t",
    acknowledgements: false,
  });
  assertEquals(parseAnswer('{"type":"authenticate","status":true,"acknowledgements":true}'), {
    type: "authenticate",
    status: true,
    acknowledgements: true,
  });
  const [nonce, publicKey] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const challenge = { type: "challenge", nonce: encodeBase58(nonce), publicKey: encodeBase58(publicKey) };
  assertEquals(parseAnswer(JSON.stringify(challenge)), {
    type: "challenge",
    nonce,
    publicKey,
    proof: undefined,
  });
  assertEquals(parseAnswer(JSON.stringify({ ...challenge, nonce: "1" })), undefined);
  assertEquals(parseAnswer(JSON.stringify({ ...challenge, publicKey: 1 })), undefined);
  const others = ["", "null", "7", "[]", "{}", '{"type":"send"}', '{"type":"error","message":1}', '{"type":"x"}'];
  for (const text of others) assertEquals(parseAnswer(text), undefined, text);
});
