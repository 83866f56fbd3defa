import { assert, assertEquals } from "@std/assert";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { Forwarder } from "../../src/mixnet/forwarder.ts";
import { connectByTcp, connectElsewhere, type Connection } from "../../src/mixnet/mixnode_link.ts";
import { eventually } from "../support/eventually.ts";
import { Counted } from "./counted.ts";
import { FakeMixnode } from "./fake_mixnode.ts";
import { numberedPacket, numbers } from "./numbered_packets.ts";

const SETTINGS = {
  initialConnectionTimeout: 1500,
  packetForwardingInitialBackoff: 5,
  packetForwardingMaximumBackoff: 20,
};

Deno.test("packets reach their mixnode in order, over one connection", async () => {
  await using mixnode = new FakeMixnode();
  const counted = new Counted();
  await using forwarder = new Forwarder(SETTINGS, counted.count);
  for (const i of numbers(500)) assert(forwarder.forward(mixnode.address, numberedPacket(i)));
  await mixnode.events.reached("packets", 500);
  assert(forwarder.forward(mixnode.address, numberedPacket(500)), "and a later one");
  await mixnode.events.reached("packets", 501);
  assertEquals(mixnode.received, numbers(501));
  assertEquals(mixnode.events.of("connections"), 1);
  await counted.reached("packets_forwarded", 501);
});

Deno.test("the forwarder connects to IPv6 addresses", async () => {
  await using mixnode = new FakeMixnode(true, { host: "::1", port: 0 });
  await using forwarder = new Forwarder(SETTINGS, new Counted().count);
  assert(forwarder.forward(mixnode.address, numberedPacket(1)));
  await mixnode.events.reached("packets", 1);
  assertEquals(mixnode.received, [1]);
});

Deno.test("no packet goes to this machine by an address that it does not know to be its own, unless that is allowed", async () => {
  await using mixnode = new FakeMixnode();
  const counted = new Counted();
  let mayStayHere = false;
  await using forwarder = new Forwarder({ ...SETTINGS, connect: connectElsewhere(() => mayStayHere) }, counted.count);
  forwarder.forward(mixnode.address, numberedPacket(1));
  await counted.reached("packets_unforwarded_unreachable", 1);
  mayStayHere = true;
  forwarder.forward(mixnode.address, numberedPacket(2));
  await mixnode.events.reached("packets", 1);
  assertEquals(mixnode.received, [2]);
});

Deno.test("a mixnode that never reads fills its own queue and does not affect others", async () => {
  await using stuck = new FakeMixnode(false);
  await using honest = new FakeMixnode();
  const counted = new Counted();
  await using forwarder = new Forwarder(SETTINGS, counted.count);
  const packet = numberedPacket(0);
  let accepted = 0;
  // After each refusal the kernel takes some more, until its buffers are full too.
  await eventually("its queue is full", () => {
    while (forwarder.forward(stuck.address, packet)) accepted++;
    return counted.of("packets_unforwarded_no_room") >= 3;
  });
  assert(accepted * packet.length < 64 << 20, "its queue is bounded");
  assert(forwarder.forward(honest.address, numberedPacket(7)));
  await honest.events.reached("packets", 1);
  assertEquals(honest.received, [7]);
  stuck.disconnect(); // or closing the forwarder would wait two seconds for it
});

/** So long that no mixnode is given up during a test. */
const PATIENT = { ...SETTINGS, packetForwardingInitialBackoff: 60_000, packetForwardingMaximumBackoff: 60_000 };
/** A different local address for each n, where nothing listens. */
const nowhere = (n: number) => ({ host: `127.1.${n >> 8}.${n & 0xff}`, port: 1 });

Deno.test("queues for unreachable mixnodes may use all the space, but give it up for others", async () => {
  await using honest = new FakeMixnode();
  const counted = new Counted();
  await using forwarder = new Forwarder(PATIENT, counted.count);
  const packet = numberedPacket(0);
  for (const n of numbers(16 * 1024)) assert(forwarder.forward(nowhere(n % 16), packet));
  assertEquals(forwarder.queued, 16_384);
  assert(!forwarder.forward(nowhere(0), packet), "its own queue is full");
  assertEquals(counted.of("packets_unforwarded_no_room"), 1);
  for (const n of numbers(100)) assert(forwarder.forward(honest.address, numberedPacket(n)));
  assertEquals(counted.of("packets_unforwarded_no_room"), 101);
  await honest.events.reached("packets", 100);
  assertEquals(honest.received, numbers(100));
  await counted.reached("packets_forwarded", 100);
  assertEquals(forwarder.queued, 16_384 - 100);
});

Deno.test("unreachable mixnodes do not take places from others: the oldest are evicted", async () => {
  await using honest = new FakeMixnode();
  const counted = new Counted();
  await using forwarder = new Forwarder(PATIENT, counted.count);
  assert(forwarder.forward(honest.address, numberedPacket(0)));
  await honest.events.reached("packets", 1);
  for (const n of numbers(1100)) assert(forwarder.forward(nowhere(n), numberedPacket(n)));
  await counted.reached("packets_unforwarded_unreachable", 1100 - 1023);
  assert(forwarder.forward(honest.address, numberedPacket(1)));
  await honest.events.reached("packets", 2);
  assertEquals([honest.received, counted.of("mixnode_connections_opened")], [[0, 1], 1]);
  assertEquals(forwarder.queued, 1023);
});

Deno.test("idle mixnodes are evicted too, and lose nothing", async () => {
  await using many = new FakeMixnode(true, { host: "0.0.0.0", port: 0 });
  await using honest = new FakeMixnode();
  await using forwarder = new Forwarder(SETTINGS, new Counted().count);
  const { port } = many.address;
  const count = 1024; // the limit
  for (const n of numbers(count)) assert(forwarder.forward({ ...nowhere(n), port }, numberedPacket(n)));
  await many.events.reached("packets", count);
  assert(forwarder.forward(honest.address, numberedPacket(7)));
  await honest.events.reached("packets", 1);
  for (const n of numbers(100)) assert(forwarder.forward({ ...nowhere(n), port }, numberedPacket(n)));
  await many.events.reached("packets", count + 100);
});

/** A connection to a mixnode that takes nothing. */
class StuckConnection implements Connection {
  readonly #closed = Promise.withResolvers<void>();

  async read(): Promise<null> {
    await this.#closed.promise;
    return null;
  }

  async write(): Promise<number> {
    await this.#closed.promise;
    throw new Deno.errors.BadResource("closed");
  }

  close(): void {
    this.#closed.resolve();
  }
}

Deno.test("many mixnodes that never read, with few packets each, keep neither places nor space from others", async () => {
  await using honest = new FakeMixnode();
  const counted = new Counted();
  const stuck: StuckConnection[] = [];
  let areGone = false;
  const connect = (to: SocketAddress, signal: AbortSignal) => {
    if (to.port !== 1) return connectByTcp(to, signal);
    if (areGone) return Promise.reject(new Deno.errors.ConnectionRefused());
    stuck.push(new StuckConnection());
    return Promise.resolve(stuck.at(-1)!);
  };
  await using forwarder = new Forwarder({ ...SETTINGS, connect, stallTime: 0 }, counted.count);
  const packet = numberedPacket(0);
  for (const n of numbers(16 * 1024)) assert(forwarder.forward(nowhere(n % 1024), packet));
  await counted.reached("mixnode_connections_opened", 1024);
  await eventually("some time has passed for each", () => forwarder.forward(honest.address, packet));
  for (const n of numbers(100)) assert(forwarder.forward(honest.address, numberedPacket(n + 1)));
  await honest.events.reached("packets", 101);
  assertEquals(honest.received, numbers(101));
  assert(forwarder.queued > 16_000, "only as many are evicted as must be");
  areGone = true; // or closing the forwarder would wait two seconds for them
  for (const connection of stuck) connection.close();
});

Deno.test("closing does not wait for ever for a mixnode that never reads", async () => {
  await using stuck = new FakeMixnode(false);
  const counted = new Counted();
  const forwarder = new Forwarder(SETTINGS, counted.count);
  const packet = numberedPacket(0);
  await eventually("its queue is full", () => {
    while (forwarder.forward(stuck.address, packet));
    return counted.of("packets_unforwarded_no_room") >= 5;
  });
  await forwarder[Symbol.asyncDispose]();
  assert(counted.of("packets_unforwarded_unreachable") > 0, "what it did not read is counted");
});

Deno.test("packets wait in order for a mixnode that is not listening yet", async () => {
  const { address } = await gone(new FakeMixnode());
  const counted = new Counted();
  await using forwarder = new Forwarder({ ...SETTINGS, packetForwardingMaximumBackoff: 10_000 }, counted.count);
  for (const i of numbers(3)) assert(forwarder.forward(address, numberedPacket(i)));
  await counted.reached("mixnode_connects_failed", 2);
  await using mixnode = new FakeMixnode(true, address);
  await mixnode.events.reached("packets", 3);
  assertEquals(mixnode.received, numbers(3));
});

Deno.test("a mixnode that stays unreachable is given up, and retried for the next packet", async () => {
  const { address } = await gone(new FakeMixnode());
  const counted = new Counted();
  await using forwarder = new Forwarder(SETTINGS, counted.count);
  for (const i of numbers(3)) assert(forwarder.forward(address, numberedPacket(i)));
  await counted.reached("packets_unforwarded_unreachable", 3);
  assertEquals(counted.of("mixnode_connects_failed"), 4, "at once, and after 5, 10 and 20 ms");
  await using mixnode = new FakeMixnode(true, address);
  assert(forwarder.forward(address, numberedPacket(3)));
  await mixnode.events.reached("packets", 1);
  assertEquals(mixnode.received, [3]);
});

Deno.test("a lost connection is noticed at once, and opened again for the next packet", async () => {
  await using mixnode = new FakeMixnode();
  const counted = new Counted();
  await using forwarder = new Forwarder(SETTINGS, counted.count);
  for (const i of numbers(5)) {
    assert(forwarder.forward(mixnode.address, numberedPacket(i)));
    await mixnode.events.reached("packets", i + 1);
    mixnode.disconnect();
    await counted.reached("mixnode_connections_closed", i + 1);
  }
  assertEquals(mixnode.received, numbers(5));
  assertEquals(counted.of("mixnode_connections_opened"), 5);
});

Deno.test("closing waits for a live connection to take what is queued", async () => {
  await using mixnode = new FakeMixnode();
  const forwarder = new Forwarder(SETTINGS, new Counted().count);
  assert(forwarder.forward(mixnode.address, numberedPacket(0)));
  await mixnode.events.reached("packets", 1);
  for (const i of numbers(1000)) assert(forwarder.forward(mixnode.address, numberedPacket(i + 1)));
  await forwarder[Symbol.asyncDispose]();
  assert(!forwarder.forward(mixnode.address, numberedPacket(0)), "nothing is taken after closing");
  await mixnode.events.reached("packets", 1001);
  assertEquals(mixnode.received, numbers(1001));
});

Deno.test("closing waits for a connection that is being opened", async () => {
  await using mixnode = new FakeMixnode();
  const counted = new Counted();
  const forwarder = new Forwarder(SETTINGS, counted.count);
  for (const i of numbers(3)) assert(forwarder.forward(mixnode.address, numberedPacket(i)));
  await forwarder[Symbol.asyncDispose]();
  assertEquals(counted.of("packets_forwarded"), 3);
  await mixnode.events.reached("packets", 3);
  assertEquals(mixnode.received, numbers(3));
});

Deno.test("closing drops and counts packets for an unreachable mixnode", async () => {
  const { address } = await gone(new FakeMixnode());
  const counted = new Counted();
  const forwarder = new Forwarder({ ...SETTINGS, packetForwardingInitialBackoff: 60_000 }, counted.count);
  assert(forwarder.forward(address, numberedPacket(0)));
  await counted.reached("mixnode_connects_failed", 1);
  await forwarder[Symbol.asyncDispose]();
  assertEquals(counted.of("packets_unforwarded_unreachable"), 1);
});

Deno.test("an idle connection is closed, and opened again for the next packet", async () => {
  await using mixnode = new FakeMixnode();
  await using forwarder = new Forwarder({ ...SETTINGS, idleTime: 50 }, new Counted().count);
  assert(forwarder.forward(mixnode.address, numberedPacket(0)));
  await mixnode.events.reached("disconnections", 1);
  assert(forwarder.forward(mixnode.address, numberedPacket(1)));
  await mixnode.events.reached("packets", 2);
  assertEquals(mixnode.received, [0, 1]);
  assertEquals(mixnode.events.of("connections"), 2);
});

/** Disposes of a mixnode and returns it, so that its port is known and free. */
async function gone(mixnode: FakeMixnode): Promise<FakeMixnode> {
  await mixnode[Symbol.asyncDispose]();
  return mixnode;
}
