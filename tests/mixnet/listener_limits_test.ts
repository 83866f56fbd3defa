import { assertEquals, assertLessOrEqual } from "@std/assert";
import { frame, FRAME_SIZE } from "../../src/mixnet/frames.ts";
import { type MixnetLimits, MixnetListener } from "../../src/mixnet/listener.ts";
import type { Origin } from "../../src/mixnet/origins.ts";
import { many } from "../hostile/besieged.ts";
import { eventually } from "../support/eventually.ts";
import { Counted } from "./counted.ts";
import { numberedPacket, numberOf, numbers } from "./numbered_packets.ts";

const LIMITS: MixnetLimits = {
  mixnetConnections: 100,
  mixnetConnectionsPerNetwork: 100,
  mixnetFrameDeadline: 60_000,
  mixnetIdleTimeout: 0,
  limitLoopback: true,
  trustedProxies: [],
};

/** Packets from this number on are bad. */
const BAD = 1000;

/** A listener whose sink counts packets along with its events, and reports those below `BAD` as good. */
class Rig {
  readonly counted = new Counted();
  good = 0;
  readonly #listener: MixnetListener;

  /** `room`: that of the sink. */
  constructor(
    limits: Partial<MixnetLimits>,
    room: () => Promise<void> | undefined = () => undefined,
    public isMixnode: (host: string) => boolean = () => false,
  ) {
    const add = (packet: Uint8Array, origin: Origin) => {
      if (numberOf(packet) < BAD) {
        this.good++;
        origin.proved(performance.now());
      }
      this.counted.count("packets");
    };
    const sink = { add, room, flush: () => {} };
    const address = { host: "127.0.0.1", port: 0 };
    this.#listener = MixnetListener.listen(
      address,
      sink,
      this.counted.count,
      { ...LIMITS, ...limits },
      (host) => this.isMixnode(host),
    );
  }

  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.#listener.address.port });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#listener[Symbol.asyncDispose]();
  }
}

/** Resolves when the peer has closed the connection. */
async function closed(connection: Deno.Conn): Promise<void> {
  assertEquals(await connection.read(new Uint8Array(1)).catch(() => null), null);
}

Deno.test("the listener waits for the rest of a frame until the deadline, however slowly it arrives", async () => {
  await using rig = new Rig({ mixnetFrameDeadline: 200 });
  using honest = await rig.connect();
  using dripping = await rig.connect();
  await honest.write(frame(numberedPacket(0)));
  const dripped = (async () => {
    for (const byte of frame(numberedPacket(1)).subarray(0, 1000)) {
      await dripping.write(Uint8Array.of(byte));
      await new Promise((resolve) => setTimeout(resolve, 5)); // the pace of the sender; there is no answer to wait for
    }
  })().catch(() => {}); // it is cut off
  await closed(dripping);
  await dripped;
  assertEquals([rig.counted.of("streams_stalled"), rig.counted.of("streams_cut")], [1, 0]);
  await honest.write(frame(numberedPacket(2)));
  await rig.counted.reached("packets", 2);
});

Deno.test("a stream that is always inside a frame, but makes progress, stays open", async () => {
  await using rig = new Rig({ mixnetFrameDeadline: 200 });
  using mixnode = await rig.connect();
  const stream = frame(...numbers(20).map(numberedPacket));
  await mixnode.write(stream.subarray(0, 10));
  for (let i = 0; i < 19; i++) {
    await mixnode.write(stream.subarray(10 + i * FRAME_SIZE, 10 + (i + 1) * FRAME_SIZE));
    await new Promise((resolve) => setTimeout(resolve, 20)); // longer than the deadline in total; nothing may happen
  }
  await rig.counted.reached("packets", 19);
  assertEquals(rig.counted.of("streams_stalled"), 0);
});

Deno.test("an idle connection stays open unless there is a timeout", async () => {
  await using patient = new Rig({ mixnetFrameDeadline: 100 });
  using kept = await patient.connect();
  await using rig = new Rig({ mixnetFrameDeadline: 400, mixnetIdleTimeout: 100 });
  using idle = await rig.connect();
  await idle.write(frame(numberedPacket(0)));
  await closed(idle);
  assertEquals([rig.counted.of("connections_idle"), rig.counted.of("packets")], [1, 1]);
  await kept.write(frame(numberedPacket(1)));
  await patient.counted.reached("packets", 1);
});

Deno.test("when all places are taken, connections without a good packet are evicted, and the others stay", async () => {
  await using rig = new Rig({ mixnetConnections: 3, mixnetConnectionsPerNetwork: 3 });
  using honest = await rig.connect();
  await honest.write(frame(numberedPacket(0)));
  await rig.counted.reached("packets", 1);
  using halfOpen = await rig.connect();
  await halfOpen.write(frame(numberedPacket(1)).subarray(0, 700));
  using bad = await rig.connect();
  await bad.write(frame(numberedPacket(BAD)));
  await rig.counted.reached("packets", 2);
  using newcomer = await rig.connect();
  await closed(halfOpen);
  await newcomer.write(frame(numberedPacket(2)));
  await rig.counted.reached("packets", 3);
  using another = await rig.connect();
  await closed(bad);
  await another.write(frame(numberedPacket(3)));
  await rig.counted.reached("packets", 4);
  await honest.write(frame(numberedPacket(4)));
  await rig.counted.reached("packets", 5);
  assertEquals([rig.counted.of("connections_evicted"), rig.counted.of("connections_refused")], [2, 0]);
});

Deno.test("if all have brought good packets, the one that has been quiet for longest is evicted", async () => {
  await using rig = new Rig({ mixnetConnections: 2, mixnetConnectionsPerNetwork: 2 });
  using busy = await rig.connect();
  await busy.write(frame(numberedPacket(0)));
  await rig.counted.reached("packets", 1);
  using quiet = await rig.connect();
  await quiet.write(frame(numberedPacket(1)));
  await rig.counted.reached("packets", 2);
  await busy.write(frame(numberedPacket(2)));
  await quiet.write(frame(numberedPacket(BAD))); // bad packets do not count
  await rig.counted.reached("packets", 4);
  using newcomer = await rig.connect();
  await closed(quiet);
  await newcomer.write(frame(numberedPacket(3)));
  await busy.write(frame(numberedPacket(4)));
  await rig.counted.reached("packets", 6);
});

Deno.test("a mixnode of the topology keeps its place before its first packet", async () => {
  await using rig = new Rig({ mixnetConnections: 2, mixnetConnectionsPerNetwork: 2 }, () => undefined, () => true);
  using mixnode = await rig.connect();
  await rig.counted.reached("connections_opened", 1);
  rig.isMixnode = () => false;
  using newcomer = await rig.connect();
  await rig.counted.reached("connections_opened", 2);
  using another = await rig.connect();
  await closed(newcomer);
  await mixnode.write(frame(numberedPacket(0)));
  await another.write(frame(numberedPacket(1)));
  await rig.counted.reached("packets", 2);
});

Deno.test("a packet that waits for room in the sink is not lost when its connection is evicted", async () => {
  let room: PromiseWithResolvers<void> | undefined = Promise.withResolvers();
  let asked = 0;
  const rig = new Rig({ mixnetConnections: 1, mixnetConnectionsPerNetwork: 1 }, () => {
    asked++;
    return room?.promise;
  });
  using honest = await rig.connect();
  await honest.write(frame(numberedPacket(0)));
  await eventually("it waits for room", () => asked > 0);
  using _newcomer = await rig.connect();
  await closed(honest);
  const end = rig[Symbol.asyncDispose]();
  const { resolve } = room;
  room = undefined;
  resolve();
  await end;
  assertEquals(rig.counted.of("packets"), 1);
});

Deno.test("of a flood of connections that wait for their turn, only those that still have a place are served", async () => {
  const comers = many(60, 20_000);
  let room: PromiseWithResolvers<void> | undefined = Promise.withResolvers();
  await using rig = new Rig({ mixnetConnections: 5, mixnetConnectionsPerNetwork: 5 }, () => room?.promise);
  const flood = frame(numberedPacket(BAD), numberedPacket(BAD));
  for (let i = 1; i <= comers; i++) {
    using comer = await rig.connect();
    await comer.write(flood);
    await rig.counted.reached("connections_opened", i);
  }
  const { resolve } = room;
  room = undefined;
  resolve();
  using mixnode = await rig.connect();
  await mixnode.write(frame(numberedPacket(0)));
  await eventually("its packet is served", () => rig.good > 0);
  assertLessOrEqual(rig.counted.of("packets"), 1 + 2 * (5 + 1), "what the evicted ones sent is given up");
});
