import { assert, assertEquals } from "@std/assert";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { Counters } from "../../src/counting/counters.ts";
import type { DirectoryCounterName } from "../../src/directory_server/counter_table.ts";
import { Door, type DoorLimits } from "../../src/directory_server/door.ts";
import { LastingServer } from "../../src/serving/lasting_server.ts";
import { many } from "../hostile/besieged.ts";
import { eventually } from "../support/eventually.ts";
import { LogLines } from "../support/log_lines.ts";
import { Silence } from "../support/silence.ts";

const LOCAL = { host: "127.0.0.1", port: 0 };
const LIMITS: DoorLimits = { connections: 4, connectionsPerNetwork: 4, limitLoopback: true, trustedProxies: [] };
const text = (text: string) => new TextEncoder().encode(text);

/** A door before a server that answers with what it is sent. */
class Rig implements AsyncDisposable {
  readonly counters = new Counters<DirectoryCounterName>();
  readonly server: LastingServer;
  readonly door: Door;

  /** where the door looks for the server */
  inner: SocketAddress;

  constructor(patience?: number, limits: Partial<DoorLimits> = {}) {
    this.server = new LastingServer(LOCAL, {
      answer: async (request, { port }) => {
        this.door.confirm(port);
        return new Response(`${this.door.requestFrom(port)?.host}: ${await request.text()}`);
      },
      failed: () => new Response(null, { status: 500 }),
      ended() {},
    });
    this.inner = this.server.address;
    this.door = new Door(LOCAL, undefined, () => this.inner, { ...LIMITS, ...limits }, this.counters.add, patience);
  }

  async connect(): Promise<Deno.TcpConn> {
    const { host: hostname, port } = this.door.address;
    return await Deno.connect({ hostname, port });
  }

  async post(body: string): Promise<string> {
    const { port } = this.door.address;
    return await (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body })).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.door[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

/** Resolves when the other side has ended the connection. */
async function ended(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1024);
  while (await connection.read(buffer).catch(() => null) !== null);
}

Deno.test("requests and answers pass, many on one connection, and the server learns who asks", async () => {
  using _silence = new Silence();
  await using rig = new Rig();
  for (const body of ["one", "two", "x".repeat(300_000)]) assertEquals(await rig.post(body), `127.0.0.1: ${body}`);
  assertEquals(rig.door.connections, 1);
});

Deno.test("a connection that gets no answer is ended: an idle one, half a head, a body that trickles", async () => {
  using _silence = new Silence();
  await using rig = new Rig(100);
  using idle = await rig.connect();
  using head = await rig.connect();
  await head.write(text("GET / HTTP/1.1\r\nhost: x\r\n"));
  using body = await rig.connect();
  await body.write(text("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n"));
  const trickling = (async () => {
    for (;;) {
      await body.write(text("x"));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })().catch(() => {}); // until it is ended
  await Promise.all([ended(idle), ended(head), ended(body), trickling]);
  assertEquals(rig.counters.get("connections_silent"), 3);
  assertEquals(await rig.post("still"), "127.0.0.1: still");
});

Deno.test("a flood of connections evicts its own, and not those that are of use", async () => {
  using _silence = new Silence();
  await using rig = new Rig();
  using useful = await rig.connect();
  const ask = async () => {
    await useful.write(text("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi"));
    const buffer = new Uint8Array(4096);
    let answer = "";
    while (!answer.endsWith("hi")) {
      const n = await useful.read(buffer);
      assert(n !== null, "it is still connected");
      answer += new TextDecoder().decode(buffer.subarray(0, n));
    }
  };
  await ask();
  const flood: Deno.TcpConn[] = [];
  const count = many(50, 10_000);
  for (let i = 0; i < count; i++) flood.push(await rig.connect());
  await eventually("most are evicted", () => rig.counters.get("connections_evicted") === count - 3);
  assert(rig.door.connections <= LIMITS.connections + 1);
  await ask();
  for (const connection of flood) connection.close();
});

Deno.test("HTTP/2 is refused, however its beginning is cut", async () => {
  using _silence = new Silence();
  await using rig = new Rig();
  for (const pieces of [["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"], ["P", "R", "I", " "]]) {
    using connection = await rig.connect();
    for (const piece of pieces) await connection.write(text(piece));
    await ended(connection);
  }
  assertEquals(await rig.post("still"), "127.0.0.1: still");
});

Deno.test("whoever takes a long answer too slowly is disconnected, though some of it is always taken", async () => {
  using _silence = new Silence();
  await using rig = new Rig(300);
  const slow = await rig.connect();
  const body = "x".repeat(16_000_000); // more than the operating system holds
  const request = text(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  for (let at = 0; at < request.length;) at += await slow.write(request.subarray(at));
  const taking = (async () => {
    const buffer = new Uint8Array(1000);
    while (await slow.read(buffer) !== null) await new Promise((resolve) => setTimeout(resolve, 20));
  })().catch(() => {});
  await eventually("it is disconnected", () => rig.counters.get("connections_silent") === 1);
  slow.close();
  await taking;
});

Deno.test("a door that cannot reach the server says so once, until it reaches it again", async () => {
  using log = new LogLines();
  await using rig = new Rig();
  const gone = Deno.listen({ hostname: LOCAL.host, port: 0 });
  rig.inner = { host: LOCAL.host, port: gone.addr.port };
  gone.close();
  for (let i = 0; i < 2; i++) {
    using connection = await rig.connect();
    await ended(connection);
  }
  const said = log.texts.filter((text) => text.includes("to the server behind the door")).length;
  assertEquals([rig.door.isCutOff, rig.counters.get("accept_errors"), said], [true, 2, 1]);
  rig.inner = rig.server.address;
  assertEquals([await rig.post("one"), rig.door.isCutOff], ["127.0.0.1: one", false]);
});
