import { assert, assertEquals } from "@std/assert";
import { FrameHeader, Opcode } from "../../../src/clients/front/frame_header.ts";
import { SecureClient } from "../../../src/clients/front/secure_client.ts";
import { TlsStage } from "../../../src/clients/front/tls_stage.ts";
import { type ClientConnection, Tunnel } from "../../../src/clients/front/tunnel.ts";
import { readCertificate } from "../../../src/tls/certificate.ts";
import { range } from "../../mailbox/messages.ts";
import { eventually } from "../../support/eventually.ts";
import { Random } from "../../support/random.ts";
import { TemporaryFolder } from "../../support/temporary_folder.ts";
import { selfSigned } from "../../tls/self_signed.ts";
import { ANSWER, bytes, frame, HEAD } from "./streams.ts";

const LOCAL = { hostname: "127.0.0.1", port: 0 };
const RATE = { burst: 1000, perSecond: 1000 };
const MESSAGE = new Uint8Array(979);
const FRAME_SIZE = frame(0x80 | Opcode.BINARY, MESSAGE.length).length;
/** The tunnel has stalled when nothing was taken for so long (ms). */
const STILL = 300;
/** Bytes that wait for the client when it is to stall; more than the system takes at once. */
const MUCH = 400_000;

/** How many timers are set in `STILL` ms, the one included that ends them. */
async function timersSet(): Promise<number> {
  const { setTimeout } = globalThis;
  let timers = 0;
  globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
    timers++;
    return setTimeout(...args);
  }) as typeof setTimeout;
  await new Promise((resolve) => globalThis.setTimeout(resolve, STILL));
  globalThis.setTimeout = setTimeout;
  return timers;
}

/** A tunnel with both its ends, whose client has asked for a WebSocket and has no answer yet. */
class Ends implements AsyncDisposable {
  private constructor(
    readonly tunnel: Tunnel,
    readonly client: Deno.Conn,
    readonly server: Deno.TcpConn,
    private readonly serving: Promise<void>,
  ) {}

  static async open(
    connect: (port: number) => Promise<Deno.Conn> = (port) => Deno.connect({ ...LOCAL, port }),
    accept: (connection: Deno.TcpConn) => ClientConnection = (connection) => connection,
  ): Promise<Ends> {
    using outer = Deno.listen(LOCAL);
    using inner = Deno.listen(LOCAL);
    const connecting = connect(outer.addr.port);
    const tunnel = new Tunnel(accept(await outer.accept()), "here", RATE, () => {});
    const serving = tunnel.serve({ host: LOCAL.hostname, port: inner.addr.port }, new Map());
    const client = await connecting;
    await write(client, new TextEncoder().encode(HEAD));
    const server = await inner.accept();
    tunnel.attach({ pong: () => false, tooBig: () => {}, flooded: () => {} });
    return new Ends(tunnel, client, server, serving);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.tunnel.cut();
    await this.serving;
    this.client.close();
    this.server.close();
  }
}

async function write(connection: Deno.Conn, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Everything until the end, which TLS may come to without a word. */
async function readAll(connection: Deno.Conn): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const buffer = new Uint8Array(65_536);
    const n = await connection.read(buffer).catch((error) => {
      if (error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    });
    if (n === null) return bytes(...parts);
    parts.push(buffer.subarray(0, n));
  }
}

/** A client reads nothing of what it is sent until its tunnel is cut: bytes taken until then, and those it can read. */
async function stall(
  ...args: Parameters<typeof Ends.open>
): Promise<{ sent: number; taken: number; read: number; timers: number }> {
  await using ends = await Ends.open(...args);
  const { tunnel, server, client } = ends;
  await write(server, ANSWER);
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
  const timers = await timersSet();
  const taken = sent - tunnel.untaken;
  tunnel.cut();
  return { sent, taken, read: (await readAll(client)).length - ANSWER.length, timers };
}

Deno.test("what a stalled client is said to have taken is what it can read still", async () => {
  const { sent, taken, read } = await stall();
  assertEquals(taken, read);
  assert(sent >= taken + MUCH, `${sent} were sent, ${taken} taken`);
});

Deno.test("with TLS a stalled client can read no less than it is said to have taken", async () => {
  using folder = new TemporaryFolder();
  const files = await selfSigned(folder, "a");
  const stage = new TlsStage(readCertificate(files));
  const caCerts = [await Deno.readTextFile(files.certificate)];
  const { taken, read, timers } = await stall(
    (port) => Deno.connectTls({ hostname: "localhost", port, caCerts }),
    (connection) => new SecureClient(connection, stage),
  );
  await stage.close();
  assert(taken > 0 && taken <= read, `${taken} were taken, ${read} could be read`);
  assert(timers < 5, `${timers} timers were set for a client that does nothing`);
});

/** A client of which it is known what it has taken once nothing was written for some time. */
class QuietlySettled implements ClientConnection {
  #writes = 0;

  constructor(private readonly connection: Deno.TcpConn) {}

  read(buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
    return this.connection.read(buffer);
  }

  write(bytes: Uint8Array): Promise<number> {
    this.#writes++;
    return Promise.resolve(bytes.length);
  }

  async settled(): Promise<boolean> {
    for (let before = -1; before !== this.#writes;) {
      before = this.#writes;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return true;
  }

  close(): void {
    this.connection.close();
  }
}

Deno.test("it is known what was taken, though there is always more and that is known in quiet moments only", async () => {
  await using ends = await Ends.open(undefined, (connection) => new QuietlySettled(connection));
  const { tunnel, server } = ends;
  await write(server, ANSWER);
  let sent = 0;
  const sending = setInterval(() => {
    tunnel.send(Opcode.BINARY, MESSAGE);
    sent += FRAME_SIZE;
  }, 0);
  for (const _ of range(3)) {
    const before = sent - tunnel.untaken;
    await eventually("more is known to be taken", () => sent - tunnel.untaken > before);
  }
  clearInterval(sending);
});

/** The opcodes and first bytes of payload of all frames. */
function framesOf(stream: Uint8Array): [opcode: number, first: number][] {
  const frames: [number, number][] = [];
  const header = new FrameHeader();
  for (let at = 0; at < stream.length;) {
    if (!header.take(stream[at++]!)) continue;
    frames.push([header.opcode, stream[at]!]);
    at += header.length;
  }
  return frames;
}

Deno.test("messages go out between the server's frames, however those are cut, and none before its answer", async () => {
  await using ends = await Ends.open();
  const { tunnel, server, client } = ends;
  const random = new Random(1);
  server.setNoDelay();
  const messages = Array.from({ length: 200 }, (_, i) => new Uint8Array(1 + random.below(400)).fill(i));
  const pings = Array.from({ length: 100 }, (_, i) => frame(0x80 | Opcode.PING, 1 + random.below(125)).fill(i, -1));
  tunnel.send(Opcode.TEXT, Uint8Array.of(42));
  const said = bytes(ANSWER, ...pings);
  for (let at = 0, next = 0; at < said.length;) {
    const size = Math.min(said.length - at, 1 + random.below(200));
    await write(server, said.subarray(at, at += size));
    for (const end = Math.ceil(at / said.length * messages.length); next < end;) {
      tunnel.send(Opcode.BINARY, messages[next++]!);
    }
    await new Promise((resolve) => setTimeout(resolve, random.below(2)));
  }
  server.closeWrite();
  const read = await readAll(client);
  assertEquals(read.subarray(0, ANSWER.length), ANSWER);
  const frames = framesOf(read.subarray(ANSWER.length));
  assertEquals(frames[0], [Opcode.TEXT, 42]);
  const ofKind = (kind: number) => frames.filter(([opcode]) => opcode === kind).map(([, first]) => first);
  assertEquals(ofKind(Opcode.BINARY), messages.map((_, i) => i));
  assertEquals(ofKind(Opcode.PING).length, pings.length);
  assertEquals(frames.length, 1 + messages.length + pings.length);
});

Deno.test("a client that reads nothing keeps the server from saying more, not from being cut", async () => {
  await using ends = await Ends.open();
  const { tunnel, server } = ends;
  await write(server, ANSWER);
  while (tunnel.untaken < MUCH) {
    tunnel.send(Opcode.BINARY, MESSAGE);
    await Promise.resolve();
  }
  const before = tunnel.untaken;
  const pongs = bytes(...Array.from({ length: 1000 }, () => frame(0x80 | Opcode.PONG, 125)));
  const saying = (async () => {
    for (let i = 0; i < 100; i++) await write(server, pongs);
  })().catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, STILL));
  assert(tunnel.untaken < before + 2000, `${tunnel.untaken - before} bytes more wait for it`);
  tunnel.cut();
  await saying;
});

Deno.test("with TLS a client gets the server's last words, though that has ended the connection", async () => {
  using folder = new TemporaryFolder();
  const files = await selfSigned(folder, "a");
  const stage = new TlsStage(readCertificate(files));
  const caCerts = [await Deno.readTextFile(files.certificate)];
  const words = new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n");
  for (const _ of range(10)) {
    await using ends = await Ends.open(
      (port) => Deno.connectTls({ hostname: "localhost", port, caCerts }),
      (connection) => new SecureClient(connection, stage),
    );
    await ends.server.read(new Uint8Array(1000));
    await write(ends.server, words);
    ends.server.closeWrite();
    assertEquals(await readAll(ends.client), words);
  }
  await stage.close();
});

Deno.test("a connection to the server that is gone at once, which some systems tell early, ends its tunnel alone", async () => {
  const inner = Deno.listen(LOCAL);
  const { connect } = Deno;
  Deno.connect = (async (options: Deno.ConnectOptions) => {
    const connection = await connect(options);
    connection.setNoDelay = () => {
      throw new TypeError("Invalid argument");
    };
    return connection;
  }) as typeof connect;
  const end = Promise.withResolvers<null>();
  const silent: ClientConnection = {
    read: () => end.promise,
    write: (bytes) => Promise.resolve(bytes.length),
    close: () => end.resolve(null),
  };
  const tunnel = new Tunnel(silent, "here", RATE, () => {});
  const serving = tunnel.serve({ host: LOCAL.hostname, port: inner.addr.port }, new Map());
  const server = await inner.accept();
  Deno.connect = connect;
  server.close();
  inner.close();
  await serving;
  await tunnel.gone;
});
