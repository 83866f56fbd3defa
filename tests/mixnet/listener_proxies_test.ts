import { assertEquals } from "@std/assert";
import { frame } from "../../src/mixnet/frames.ts";
import { type MixnetLimits, MixnetListener } from "../../src/mixnet/listener.ts";
import type { Origin } from "../../src/mixnet/origins.ts";
import { binaryHeader, textHeader } from "../proxies/headers.ts";
import { LogLines } from "../support/log_lines.ts";
import { Counted } from "./counted.ts";
import { numberedPacket } from "./numbered_packets.ts";

const LIMITS: MixnetLimits = {
  mixnetConnections: 100,
  mixnetConnectionsPerNetwork: 1,
  mixnetFrameDeadline: 60_000,
  mixnetIdleTimeout: 0,
  limitLoopback: true,
  trustedProxies: ["127.0.0.1"],
};

/** A listener that counts packets along with its events; each is good. */
class Rig implements AsyncDisposable {
  readonly counted = new Counted();
  readonly #listener: MixnetListener;

  constructor(limits: Partial<MixnetLimits> = {}, isMixnode: (host: string) => boolean = () => false) {
    const add = (_: Uint8Array, origin: Origin) => {
      origin.proved(performance.now());
      this.counted.count("packets");
    };
    const sink = { add, room: () => undefined, flush: () => {} };
    const address = { host: "127.0.0.1", port: 0 };
    this.#listener = MixnetListener.listen(address, sink, this.counted.count, { ...LIMITS, ...limits }, isMixnode);
  }

  /** Connects, and sends these parts. */
  async send(...parts: Uint8Array<ArrayBuffer>[]): Promise<Deno.TcpConn> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.#listener.address.port });
    for (const part of parts) await connection.write(part);
    return connection;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#listener[Symbol.asyncDispose]();
  }
}

async function closed(connection: Deno.Conn): Promise<void> {
  assertEquals(await connection.read(new Uint8Array(1)).catch(() => null), null);
}

const PACKET = frame(numberedPacket(0));

Deno.test("limits per network mean the mixnodes that a trusted proxy names", async () => {
  await using rig = new Rig();
  using first = await rig.send(textHeader("192.0.2.1"), PACKET);
  await rig.counted.reached("packets", 1);
  using _second = await rig.send(binaryHeader("198.51.100.1", 100), PACKET);
  await rig.counted.reached("packets", 2);
  using _third = await rig.send(textHeader("2001:db8::1"), PACKET);
  await rig.counted.reached("packets", 3);
  assertEquals(rig.counted.of("connections_evicted"), 0);
  using again = await rig.send(textHeader("192.0.2.200"), PACKET); // the network of the first
  await closed(first);
  await rig.counted.reached("packets", 4);
  using itself = await rig.send(PACKET);
  await rig.counted.reached("packets", 5);
  using _too = await rig.send(textHeader(undefined), PACKET);
  await closed(itself);
  await rig.counted.reached("packets", 6);
  await again.write(PACKET);
  await rig.counted.reached("packets", 7);
});

Deno.test("a header arrives in pieces, with its packets or without", async () => {
  await using rig = new Rig();
  for (const header of [textHeader("192.0.2.1"), binaryHeader("198.51.100.1", 200)]) {
    const stream = Uint8Array.of(...header, ...PACKET);
    using _connection = await rig.send(...Array.from(header, (byte) => Uint8Array.of(byte)), PACKET);
    using _other = await rig.send(
      stream.subarray(0, 7),
      stream.subarray(7, header.length + 700),
      stream.subarray(header.length + 700),
    );
    await rig.counted.reached("connections_closed", 1 + rig.counted.of("connections_closed"));
  }
  assertEquals(rig.counted.of("streams_corrupt"), 0);
});

Deno.test("a mixnode of the topology behind a proxy is known by its own address", async () => {
  await using rig = new Rig(
    { mixnetConnections: 4, mixnetConnectionsPerNetwork: 4 },
    (host) => host === "192.0.2.1",
  );
  using mixnode = await rig.send(textHeader("192.0.2.1"), PACKET);
  await rig.counted.reached("packets", 1);
  const others: Deno.TcpConn[] = [];
  for (let i = 0; i < 8; i++) {
    others.push(await rig.send(textHeader(`198.51.${i}.1`), PACKET));
    await rig.counted.reached("packets", 2 + i);
  }
  assertEquals(rig.counted.of("connections_evicted"), 5);
  await mixnode.write(PACKET);
  await rig.counted.reached("packets", 10);
  for (const other of others) other.close();
});

Deno.test("from anyone else a header is refused", async () => {
  await using rig = new Rig({ trustedProxies: ["127.0.0.2"] });
  for (const header of [textHeader("192.0.2.1"), binaryHeader("192.0.2.1")]) {
    using connection = await rig.send(header, PACKET);
    await closed(connection);
  }
  assertEquals([rig.counted.of("streams_corrupt"), rig.counted.of("packets")], [2, 0]);
});

Deno.test("a malformed header ends the connection, an unfinished one at the deadline", async () => {
  using log = new LogLines();
  await using rig = new Rig({ mixnetFrameDeadline: 100 });
  using malformed = await rig.send(new TextEncoder().encode("PROXY TCP4 192.0.2.1 x 1 1\r\n"));
  await closed(malformed);
  using slow = await rig.send(textHeader("192.0.2.1").subarray(0, 10));
  await closed(slow);
  using _patient = await rig.send(); // has begun nothing
  const names = ["streams_malformed_proxy_header", "streams_stalled", "packets"];
  assertEquals(names.map((name) => rig.counted.of(name)), [1, 1, 0]);
  assertEquals(log.texts, ["A trusted proxy sent a malformed PROXY header; closed its connection"]);
});
