import { assertEquals, assertMatch } from "@std/assert";
import { Opcode } from "../../src/clients/front/frame_header.ts";
import { range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { ShiftedClock } from "./shifted_clock.ts";
import { ClientsRig } from "./clients_rig.ts";
import { bytes, HEAD, maskedFrame } from "./front/streams.ts";

const FIN = 0x80;

/** A connection to the rig's front, on which nothing has been sent. */
function connect({ server }: ClientsRig): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: server.address.host, port: server.address.port });
}

/** Reads until the end, which may be a reset. */
async function readToEnd(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  while (await connection.read(buffer).catch(() => null) !== null);
}

/** A client that logs in and reads nothing. A process of its own, because only a kill resets a connection without a close frame. */
class ClientProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  private constructor(program: string) {
    const args = ["eval", program];
    this.#child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "null", stderr: "inherit" })
      .spawn();
    this.#input = this.#child.stdin.getWriter();
  }

  static async start(rig: ClientsRig): Promise<ClientProcess> {
    const { host: hostname, port } = rig.server.address;
    const request = new TextEncoder().encode(JSON.stringify(rig.authentication(1)));
    const login = bytes(maskedFrame(FIN | Opcode.TEXT, request.length, 0), request);
    const client = new ClientProcess(`
      const connection = await Deno.connect(${JSON.stringify({ hostname, port })});
      await connection.write(new TextEncoder().encode(${JSON.stringify(HEAD)}));
      await connection.read(new Uint8Array(1000)); // the answer to it
      await connection.write(new Uint8Array(${JSON.stringify([...login])}));
      await Deno.stdin.read(new Uint8Array(1));
      await connection.closeWrite();
      while (await connection.read(new Uint8Array(1000)) !== null);
    `);
    await eventually("it has logged in", () => rig.server.online === 1);
    return client;
  }

  async endStream(): Promise<void> {
    await this.#input.write(new Uint8Array(1));
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#child.status;
  }
}

Deno.test("neither the end of a stream without a close frame nor a killed client confirms pushed messages", async () => {
  for (const isKilled of [false, true]) {
    await using rig = await ClientsRig.start();
    using clock = new ShiftedClock();
    await rig.store(1, range(5));
    await using client = await ClientProcess.start(rig);
    await eventually("all messages are pushed", () => rig.counters.get("messages_pushed") === 5);
    await rig.pinged();
    clock.advance(1500);
    if (isKilled) client.kill();
    else await client.endStream();
    await eventually("its end is noticed", () => rig.server.online === 0 && rig.server.connections === 0);
    await rig.mailbox.flush();
    assertEquals(rig.mailbox.totals.messages, 5);
  }
});

Deno.test("a connection that the front cuts confirms nothing", async () => {
  await using rig = await ClientsRig.start();
  using clock = new ShiftedClock();
  await rig.store(1, range(5));
  using raw = await rig.connectRaw();
  await raw.send(rig.authentication(1));
  await eventually("all messages are pushed", () => rig.counters.get("messages_pushed") === 5);
  await rig.pinged();
  clock.advance(1500);
  await raw.connection.write(Uint8Array.of(FIN | Opcode.TEXT, 1, 65)); // not masked
  await eventually("it is cut", () => rig.server.connections === 0);
  await rig.mailbox.flush();
  assertEquals([rig.mailbox.totals.messages, rig.counters.get("frames_malformed")], [5, 1]);
});

Deno.test("a connection ends even if the client does not answer the close frame", async () => {
  await using rig = await ClientsRig.start();
  using silent = await rig.connectRaw();
  await silent.send(rig.authentication(1));
  await eventually("it is online", () => rig.server.online === 1);
  await using newer = await rig.logIn(1);
  await eventually("the older one's place is free", () => rig.server.connections === 1);
  await readToEnd(silent.connection);
  assertEquals(rig.server.online, 1);
  await newer.request({ type: "hello" });
});

Deno.test("a connection whose client has ended its half ends even if the client reads nothing", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(12_000), 975); // more than the system's buffers hold
  using half = await rig.connectRaw();
  await half.send(rig.authentication(1));
  await eventually("it is slow", () => rig.counters.get("clients_slow") > 0);
  await half.connection.closeWrite();
  await eventually("its end is noticed", () => rig.server.online === 0);
  await eventually("its place is free", () => rig.server.connections === 0, 20_000);
});

Deno.test("an HTTP/1.0 request is served, and leaves nothing behind", async () => {
  await using rig = await ClientsRig.start();
  {
    using connection = await connect(rig);
    await connection.write(new TextEncoder().encode(HEAD.replace("HTTP/1.1", "HTTP/1.0")));
    const answer = new Uint8Array(1000);
    const length = await connection.read(answer);
    assertMatch(new TextDecoder().decode(answer.subarray(0, length ?? 0)), /^HTTP\/1\.[01] 101 /);
    await eventually("it is a WebSocket", () => rig.counters.get("client_connections_opened") === 1);
  }
  await eventually("its place is free", () => rig.server.connections === 0);
  await eventually("its WebSocket has ended", () => rig.counters.get("client_connections_closed") === 1);
});

Deno.test("slow or endless request heads are cut off", async () => {
  await using rig = await ClientsRig.start({}, { loginDeadline: 300 });
  using silent = await connect(rig);
  using slow = await connect(rig);
  await slow.write(new TextEncoder().encode(HEAD.slice(0, 40)));
  using endless = await connect(rig);
  const reading = Promise.all([silent, slow, endless].map(readToEnd));
  const written = endless.write(new Uint8Array(20_000).fill(65)).catch(() => {});
  await Promise.all([reading, written]);
  assertEquals([rig.counters.get("pending_timed_out"), rig.counters.get("pending_too_big")], [2, 1]);
});

Deno.test("fragments and pings count towards the limits on messages", async () => {
  await using rig = await ClientsRig.start({}, { framesPerSecond: 50 });
  for (const first of [Opcode.TEXT, FIN | Opcode.PING]) {
    using raw = await rig.connectRaw();
    const reading = readToEnd(raw.connection);
    await raw.connection.write(maskedFrame(first, 1));
    const next = first === Opcode.TEXT ? Opcode.CONTINUATION : first;
    for (const _ of range(150)) await raw.connection.write(maskedFrame(next, 0)).catch(() => {});
    await reading;
  }
  assertEquals(rig.counters.get("client_floods_closed"), 2);
  using raw = await rig.connectRaw();
  const reading = readToEnd(raw.connection);
  await raw.connection.write(maskedFrame(Opcode.TEXT, 4000));
  await raw.connection.write(maskedFrame(Opcode.CONTINUATION, 97));
  await reading;
  assertEquals(rig.counters.get("requests_too_big"), 1);
});

Deno.test("a second request on a connection is refused as a malformed frame", async () => {
  await using rig = await ClientsRig.start();
  using connection = await connect(rig);
  await connection.write(
    new TextEncoder().encode("GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n"),
  );
  await readToEnd(connection);
  assertEquals(rig.counters.get("frames_malformed"), 1);
});

Deno.test("no request can be smuggled past the front in what looks like a frame, after another request's body", async () => {
  await using rig = await ClientsRig.start();
  const head = (...lines: string[]) => new TextEncoder().encode(["host: x", ...lines, "", ""].join("\r\n"));
  const frameHeader = maskedFrame(FIN | Opcode.BINARY, 4096, 0);
  const smuggled = bytes(new TextEncoder().encode(HEAD), maskedFrame(FIN | Opcode.BINARY, 2 ** 25, 0));
  const length = `content-length: ${frameHeader.length}`;
  const heads = [
    bytes(new TextEncoder().encode("POST / HTTP/1.1\r\n"), head(length)),
    bytes(new TextEncoder().encode("GET / HTTP/1.1\r\n"), head("connection: upgrade", "upgrade: websocket")),
    new TextEncoder().encode(HEAD.replace("host: x", length)),
  ];
  for (const first of heads) {
    using connection = await connect(rig);
    await connection.write(bytes(first, frameHeader)); // so its body is read at once
    await connection.read(new Uint8Array(1)); // of the answer
    await connection.write(bytes(smuggled, new Uint8Array(4096 - smuggled.length))).catch(() => {}); // the front has cut it
    await readToEnd(connection);
  }
  assertEquals(rig.counters.get("client_connections_opened"), 0);
});

Deno.test("a connection that does not become a WebSocket ends without waiting for the deadline of a pending one", async () => {
  await using rig = await ClientsRig.start({}, { connectionsBeforeLogin: 0, connectionsBeforeLoginPerNetwork: 0 });
  const withoutKey = HEAD.replace(/sec-websocket-key.*\r\n/, "");
  for (const request of ["GET / HTTP/1.1\r\nhost: x\r\n\r\n", withoutKey, HEAD]) {
    using connection = await connect(rig);
    await connection.write(new TextEncoder().encode(request));
    await readToEnd(connection);
  }
  assertEquals(rig.counters.get("pending_timed_out"), 0);
});
