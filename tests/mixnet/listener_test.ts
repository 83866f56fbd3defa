import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { setImmediate } from "node:timers/promises";
import { frame, FRAME_SIZE } from "../../src/mixnet/frames.ts";
import { MixnetListener, type PacketSink } from "../../src/mixnet/listener.ts";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { many } from "../hostile/besieged.ts";
import { Counted } from "./counted.ts";
import { numberedPacket, numberOf, numbers } from "./numbered_packets.ts";

const LOCAL: SocketAddress = { host: "127.0.0.1", port: 0 };

/** Takes up to `capacity` packets; then it is full until `makeRoom` is called. */
class TestSink implements PacketSink {
  readonly taken: number[] = [];
  readonly events = new Counted();
  #room: PromiseWithResolvers<void> | undefined;

  constructor(public capacity = Infinity) {}

  add(packet: Uint8Array): void {
    assert(this.taken.length < this.capacity, "a packet was added without room");
    this.taken.push(numberOf(packet));
    this.events.count("packets");
  }

  room(): Promise<void> | undefined {
    if (this.taken.length < this.capacity) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    this.events.count("asked for room");
    return this.#room.promise;
  }

  flush(): void {
    this.events.count("flushes");
  }

  makeRoom(capacity: number): void {
    this.capacity = capacity;
    this.#room?.resolve();
    this.#room = undefined;
  }
}

function connect({ host, port }: SocketAddress): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: host, port });
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}

/** Resolves when the peer has closed the connection. */
async function closed(connection: Deno.Conn): Promise<void> {
  assertEquals(await connection.read(new Uint8Array(1)).catch(() => null), null);
}

Deno.test("the packets of a stream reach the sink in order, and are flushed", async () => {
  const sink = new TestSink();
  await using listener = MixnetListener.listen(LOCAL, sink, new Counted().count);
  using mixnode = await connect(listener.address);
  await writeAll(mixnode, frame(...numbers(200).map(numberedPacket)));
  await sink.events.reached("packets", 200);
  assertEquals(sink.taken, numbers(200));
  await sink.events.reached("flushes", 1);
});

Deno.test("a corrupt stream closes its connection and no other", async () => {
  const sink = new TestSink();
  const counted = new Counted();
  await using listener = MixnetListener.listen(LOCAL, sink, counted.count);
  using honest = await connect(listener.address);
  using hostile = await connect(listener.address);
  await writeAll(honest, frame(numberedPacket(0)).subarray(0, 100));
  await writeAll(hostile, new Uint8Array([...frame(numberedPacket(1)), 3, 2, 1]));
  await closed(hostile);
  await writeAll(honest, frame(numberedPacket(0)).subarray(100));
  await sink.events.reached("packets", 2);
  assertEquals(sink.taken, [1, 0]);
  assertEquals(counted.of("streams_corrupt"), 1);
  assertEquals(counted.of("connections_opened"), 2);
  assertEquals(counted.of("connections_closed"), 1);
});

Deno.test("a stream that ends inside a frame is counted, and its earlier packets are kept", async () => {
  const sink = new TestSink();
  const counted = new Counted();
  await using listener = MixnetListener.listen(LOCAL, sink, counted.count);
  const mixnode = await connect(listener.address);
  await writeAll(mixnode, frame(numberedPacket(0), numberedPacket(1)).subarray(0, FRAME_SIZE + 1));
  mixnode.close();
  await counted.reached("connections_closed", 1);
  assertEquals(sink.taken, [0]);
  assertEquals(counted.of("streams_cut"), 1);
});

Deno.test("nothing is read while the sink is full, so the mixnode has to wait", async () => {
  const sink = new TestSink(10);
  await using listener = MixnetListener.listen(LOCAL, sink, new Counted().count);
  using mixnode = await connect(listener.address);
  const all = 20_000; // 27 MB: more than fits into the kernel's buffers on both sides
  let sent = false;
  const sending = writeAll(mixnode, frame(...numbers(all).map(numberedPacket))).then(() => sent = true);
  await sink.events.reached("asked for room", 1);
  assertEquals(sink.taken, numbers(10));
  assert(!sent);
  sink.makeRoom(11);
  await sink.events.reached("asked for room", 2);
  assertEquals(sink.taken, numbers(11));
  assert(!sent);
  sink.makeRoom(Infinity);
  await sink.events.reached("packets", all);
  await sending;
  assertEquals(sink.taken, numbers(all));
});

Deno.test("connections that wait at the same time do not overfill the sink once there is room", async () => {
  const sink = new TestSink(1);
  await using listener = MixnetListener.listen(LOCAL, sink, new Counted().count);
  await using mixnodes = new AsyncDisposableStack();
  for (let i = 0; i < 8; i++) {
    const mixnode = mixnodes.use(await connect(listener.address));
    await writeAll(mixnode, frame(numberedPacket(i)));
  }
  await sink.events.reached("asked for room", 1);
  for (let capacity = 2; capacity <= 8; capacity++) {
    sink.makeRoom(capacity);
    await sink.events.reached("packets", capacity);
  }
  assertEquals(sink.taken.toSorted(), numbers(8));
});

Deno.test("while there is too little room, a mixnode of the topology does not wait for all strangers", async () => {
  const sink = new TestSink(0);
  let isMixnode = false;
  await using listener = MixnetListener.listen(LOCAL, sink, new Counted().count, undefined, () => isMixnode);
  await using connections = new AsyncDisposableStack();
  const makeRoomUntil = async (packets: number) => {
    while (sink.taken.length < packets) {
      sink.makeRoom(sink.taken.length + 1);
      await setImmediate(); // in which everything that has arrived is read
    }
  };
  const flood = frame(...numbers(94).map(() => numberedPacket(1)));
  const strangers = many(40, 2000);
  for (let i = 0; i < strangers; i++) {
    const stranger = connections.use(await connect(listener.address));
    writeAll(stranger, flood).catch(() => {});
  }
  await makeRoomUntil(5 * strangers); // by now each has a large read that waits for room, 47 packets
  isMixnode = true;
  const mixnode = connections.use(await connect(listener.address));
  await writeAll(mixnode, frame(numberedPacket(2)));
  await makeRoomUntil(5 * strangers + 400);
  assert(sink.taken.includes(2), "its packet still waits");
  sink.makeRoom(Infinity);
});

Deno.test("closing hands what was read to the sink, and closes all connections and the port", async () => {
  const sink = new TestSink(1);
  const listener = MixnetListener.listen(LOCAL, sink, new Counted().count);
  using mixnode = await connect(listener.address);
  await writeAll(mixnode, frame(...numbers(3).map(numberedPacket)));
  await sink.events.reached("asked for room", 1);
  const { address } = listener;
  const end = listener[Symbol.asyncDispose]();
  sink.makeRoom(3);
  await end;
  await listener[Symbol.asyncDispose]();
  assertEquals(sink.taken, numbers(3));
  await closed(mixnode);
  await assertRejects(() => connect(address), Deno.errors.ConnectionRefused);
});

Deno.test("the listener listens on IPv6", async () => {
  const sink = new TestSink();
  await using listener = MixnetListener.listen({ host: "::1", port: 0 }, sink, new Counted().count);
  assertEquals(listener.address.host, "::1");
  using mixnode = await connect(listener.address);
  await writeAll(mixnode, frame(numberedPacket(0)));
  await sink.events.reached("packets", 1);
  assertEquals(sink.taken, [0]);
});

Deno.test("an address in use is an error", async () => {
  await using listener = MixnetListener.listen(LOCAL, new TestSink(), new Counted().count);
  assertThrows(
    () => MixnetListener.listen(listener.address, new TestSink(), new Counted().count),
    Deno.errors.AddrInUse,
  );
});
