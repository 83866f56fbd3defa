import { assert, assertEquals } from "@std/assert";
import type { ClientConnection } from "../../../src/clients/front/client_connection.ts";
import { PlainClient } from "../../../src/clients/front/client_connection.ts";
import { FrameHeader, Opcode } from "../../../src/clients/front/frame_header.ts";
import { secureContextOf, TlsClient } from "../../../src/clients/front/tls_client.ts";
import { Tunnel } from "../../../src/clients/front/tunnel.ts";
import { readCertificate } from "../../../src/tls/certificate.ts";
import { range } from "../../mailbox/messages.ts";
import { eventually } from "../../support/eventually.ts";
import { TemporaryFolder } from "../../support/temporary_folder.ts";
import { selfSigned } from "../../tls/self_signed.ts";
import { ANSWER, bytes, frame, HEAD, maskedFrame } from "./streams.ts";

const LOCAL = { hostname: "127.0.0.1", port: 0 };
const HERE = { host: "127.0.0.1", network: "here" };
const RATE = { burst: 1000, perSecond: 1000 };
const FIN = 0x80;
const MESSAGE = new Uint8Array(979);
const FRAME_SIZE = frame(FIN | Opcode.BINARY, MESSAGE.length).length;
/** The tunnel has stalled when nothing was taken for this long (ms). */
const STILL = 300;
/** Bytes pending for a stalled client; more than the system takes at once. */
const MUCH = 400_000;

/** How the client connects, and what the tunnel gets of the accepted connection. */
interface Ways {
  connect(port: number): Promise<Deno.Conn>;
  accept(connection: Deno.TcpConn): ClientConnection;
}

const PLAIN: Ways = {
  connect: (port) => Deno.connect({ ...LOCAL, port }),
  accept: (connection) => new PlainClient(connection),
};

async function secure(folder: TemporaryFolder): Promise<Ways> {
  const files = await selfSigned(folder, "a");
  const context = secureContextOf(readCertificate(files));
  const caCerts = [await Deno.readTextFile(files.certificate)];
  return {
    connect: (port) => Deno.connectTls({ hostname: "localhost", port, caCerts }),
    accept: (connection) => new TlsClient(connection, context),
  };
}

/** A tunnel and both its ends. The client has asked for a WebSocket, and has no answer yet. */
class Ends implements AsyncDisposable {
  /** the client's pings */
  readonly pings: Uint8Array[] = [];

  private constructor(readonly tunnel: Tunnel, readonly client: Deno.Conn, readonly server: Deno.TcpConn) {}

  static async open({ connect, accept } = PLAIN): Promise<Ends> {
    using outer = Deno.listen(LOCAL);
    using inner = Deno.listen(LOCAL);
    const connecting = connect(outer.addr.port);
    const dial = () => Deno.connect({ ...LOCAL, port: inner.addr.port });
    const tunnel = new Tunnel(accept(await outer.accept()), HERE, RATE, () => {}, dial, new Map());
    const client = await connecting;
    await write(client, new TextEncoder().encode(HEAD));
    return new Ends(tunnel, client, await inner.accept());
  }

  /** Accepts the client's request for a WebSocket. */
  attach(): void {
    this.tunnel.attach({ ping: (payload) => this.pings.push(payload), pong: () => false, refused: () => {} });
  }

  /** Accepts the request, and passes the answer to the client. */
  async answer(): Promise<void> {
    this.attach();
    await write(this.server, ANSWER);
    assertEquals(await readSome(this.client, ANSWER.length), ANSWER);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.tunnel.cut();
    await this.tunnel.gone;
    this.client.close();
    this.server.close();
  }
}

async function write(connection: Deno.Conn, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** `size` bytes, or all until the end. A TLS connection may end without a close notification. */
async function readSome(connection: Deno.Conn, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for (let left = size; left > 0;) {
    const buffer = new Uint8Array(Math.min(65_536, left));
    const n = await connection.read(buffer).catch((error) => {
      if (error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    });
    if (n === null) break;
    parts.push(buffer.subarray(0, n));
    left -= n;
  }
  return bytes(...parts);
}

const readAll = (connection: Deno.Conn) => readSome(connection, Infinity);

/** A client reads nothing until its tunnel is cut. Resolves with the bytes sent and taken until then, and read afterwards. */
async function stall(ways: Ways): Promise<{ sent: number; taken: number; read: number }> {
  await using ends = await Ends.open(ways);
  const { tunnel, client } = ends;
  await ends.answer();
  let sent = 0;
  const send = () => {
    tunnel.send(Opcode.BINARY, MESSAGE);
    sent += FRAME_SIZE;
  };
  send();
  await eventually("the first message is taken", () => tunnel.untaken === 0);
  let before: number;
  do {
    while (tunnel.untaken < MUCH) send();
    before = tunnel.untaken;
    await new Promise((resolve) => setTimeout(resolve, STILL));
  } while (tunnel.untaken < before);
  const taken = sent - tunnel.untaken;
  tunnel.cut();
  return { sent, taken, read: (await readAll(client)).length };
}

Deno.test("a stalled client can still read exactly the bytes counted as taken", async () => {
  const { sent, taken, read } = await stall(PLAIN);
  assertEquals(taken, read);
  assert(sent >= taken + MUCH, `${sent} sent, ${taken} taken`);
});

Deno.test("with TLS a stalled client can read the bytes counted as taken, and little more", async () => {
  using folder = new TemporaryFolder();
  const { sent, taken, read } = await stall(await secure(folder));
  assert(taken > 0 && taken <= read && read < taken + 32_768, `${taken} taken, ${read} read`);
  assert(sent >= taken + MUCH, `${sent} sent, ${taken} taken`);
});

/** The opcode and the first payload byte of each frame. */
function framesOf(stream: Uint8Array): [opcode: number, first: number | undefined][] {
  const frames: [number, number | undefined][] = [];
  const header = new FrameHeader();
  for (let at = 0; at < stream.length;) {
    if (!header.take(stream[at++]!)) continue;
    frames.push([header.opcode, header.length > 0 ? stream[at]! : undefined]);
    at += header.length;
  }
  return frames;
}

Deno.test("the client gets only the head of the server's answer and then the tunnel's frames, however the answer is cut", async () => {
  for (const size of [1, 7, 1000]) {
    await using ends = await Ends.open();
    const { tunnel, server, client } = ends;
    ends.attach();
    server.setNoDelay();
    tunnel.send(Opcode.TEXT, Uint8Array.of(42));
    const said = bytes(ANSWER, frame(FIN | Opcode.PONG, 5), frame(FIN | Opcode.CLOSE, 2));
    for (let at = 0; at < said.length; at += size) await write(server, said.subarray(at, at + size));
    for (const i of range(200)) tunnel.send(Opcode.BINARY, new Uint8Array(1 + i).fill(i));
    await eventually("everything is taken", () => tunnel.untaken === 0);
    tunnel.cut();
    const read = await readAll(client);
    assertEquals(read.subarray(0, ANSWER.length), ANSWER);
    const expected = range(200).map((i) => [Opcode.BINARY, i] as [number, number]);
    assertEquals(framesOf(read.subarray(ANSWER.length)), [[Opcode.TEXT, 42], ...expected]);
  }
});

Deno.test("the server gets only message frames, and the end of the stream at the client's close frame", async () => {
  await using ends = await Ends.open();
  await ends.answer();
  assertEquals(new TextDecoder().decode(await readSome(ends.server, HEAD.length)), HEAD);
  const messages = [maskedFrame(FIN | Opcode.TEXT, 300), maskedFrame(FIN | Opcode.BINARY, 5)] as const;
  const ping = maskedFrame(FIN | Opcode.PING, 3);
  await write(ends.client, bytes(messages[0], ping, messages[1], maskedFrame(FIN | Opcode.CLOSE, 0), messages[0]));
  assertEquals(await readAll(ends.server), bytes(...messages));
  assertEquals(ends.pings, [new Uint8Array(3)]);
});

Deno.test("a tunnel can be cut even if its client reads nothing", async () => {
  await using ends = await Ends.open();
  await ends.answer();
  while (ends.tunnel.untaken < MUCH) {
    ends.tunnel.send(Opcode.BINARY, MESSAGE);
    await Promise.resolve();
  }
  ends.tunnel.cut();
  await ends.tunnel.gone;
});

Deno.test("with TLS a client gets what the server wrote right before it ended the connection", async () => {
  using folder = new TemporaryFolder();
  const ways = await secure(folder);
  const last = new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n");
  for (const _ of range(10)) {
    await using ends = await Ends.open(ways);
    await ends.server.read(new Uint8Array(1000));
    await write(ends.server, last);
    ends.server.closeWrite();
    assertEquals(await readAll(ends.client), last);
  }
});

/** A client that never sends anything. */
function silentClient(): ClientConnection {
  const end = Promise.withResolvers<null>();
  return {
    receive: () => end.promise,
    write: (bytes) => Promise.resolve(bytes.length),
    close: () => end.resolve(null),
  };
}

Deno.test("a connection to the server that ends at once, and makes setNoDelay throw, ends only its own tunnel", async () => {
  const inner = Deno.listen(LOCAL);
  const dial = async () => {
    const connection = await Deno.connect({ ...LOCAL, port: inner.addr.port });
    connection.setNoDelay = () => {
      throw new TypeError("Invalid argument");
    };
    return connection;
  };
  const byPort = new Map<number, Tunnel>();
  const tunnel = new Tunnel(silentClient(), HERE, RATE, () => {}, dial, byPort);
  const server = await inner.accept();
  await eventually("the tunnel is known", () => byPort.size === 1);
  server.close();
  inner.close();
  await tunnel.gone;
  assertEquals(byPort.size, 0);
});

Deno.test("a tunnel that is cut during the dial is gone when the dial ends", async () => {
  const inner = Deno.listen(LOCAL);
  const dialled = Promise.withResolvers<Deno.TcpConn>();
  const byPort = new Map<number, Tunnel>();
  const tunnel = new Tunnel(silentClient(), HERE, RATE, () => {}, () => dialled.promise, byPort);
  tunnel.cut();
  dialled.resolve(await Deno.connect({ ...LOCAL, port: inner.addr.port }));
  await tunnel.gone;
  const server = await inner.accept();
  assertEquals([await server.read(new Uint8Array(1)), byPort.size], [null, 0]);
  server.close();
  inner.close();
});
