import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { formatSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";
import { encodeNodeAddress } from "../../src/sphinx/node_address.ts";
import { DirectoryServer } from "../directory/directory_server.ts";
import { range } from "../mailbox/messages.ts";
import { FakeMixnode } from "../mixnet/fake_mixnode.ts";
import { numberedPacket } from "../mixnet/numbered_packets.ts";
import type { TestClient } from "../support/test_client.ts";
import { assertServed, Besieged, many, report } from "./besieged.ts";
import { logIn, register } from "./members.ts";

const MEMORY = 200; // allowed growth in MB, including 22 for queued packets
const PACKETS = many(2000, 20_000);
/** Mixnodes that never read. More than sixteen can fill the total queue. */
const STUCK = many(2, 20);
/** The operating system buffers a few thousand packets for a connection that nobody reads. */
const MOST = STUCK * 20_000;
/** Packets of an honest client, one after another. */
const HONEST = 50;

const UNFORWARDED = ["not_a_mixnode", "no_room", "unreachable"];

/** A request of a client: this packet to that address. */
function forwarding(to: SocketAddress, number = 0): Uint8Array {
  const address = encodeNodeAddress(to);
  const request = new Uint8Array(address.length + PACKET_SIZE);
  request.set(address);
  request.set(numberedPacket(number), address.length);
  return request;
}

/** A topology of these mixnodes. */
function topologyOf(mixnodes: readonly SocketAddress[]): Response {
  const node = { pubKey: "a mixnode's", layer: 1, version: "0.7.0", location: "here", lastSeen: 0 };
  return Response.json({
    mixNodes: mixnodes.map((at) => ({ ...node, host: formatSocketAddress(at) })),
    gatewayNodes: [],
  });
}

/** A listener whose backlog is full: new connections get no answer. */
class BlackHole implements Disposable {
  readonly address: SocketAddress;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #filling: Deno.TcpConn[] = [];

  private constructor() {
    const { hostname, port } = this.#listener.addr;
    this.address = { host: hostname, port };
  }

  static async open(): Promise<BlackHole> {
    const hole = new BlackHole();
    const { host, port } = hole.address;
    try {
      for (;;) hole.#filling.push(await Deno.connect({ hostname: host, port, signal: AbortSignal.timeout(500) }));
    } catch {
      return hole; // the backlog is full
    }
  }

  [Symbol.dispose](): void {
    for (const connection of this.#filling) connection.close();
    this.#listener.close();
  }
}

/** Sends requests as fast as they are answered, several at a time; returns the number accepted. */
async function flood(attacker: TestClient, requests: readonly Uint8Array[]): Promise<number> {
  let taken = 0;
  const pending = 100;
  for (const [i, request] of requests.entries()) {
    attacker.send(request);
    if (i >= pending && (await attacker.answer() as { status?: boolean }).status === true) taken++;
  }
  for (const _ of requests.slice(0, pending)) if ((await attacker.answer() as { status?: boolean }).status) taken++;
  return taken;
}

/** Sends packets to a mixnode, all of which must arrive in order; returns their 99th percentile latency in ms. */
async function forwardHonestly(client: TestClient, mixnode: FakeMixnode): Promise<number> {
  const took: number[] = [];
  for (const n of range(HONEST)) {
    const before = performance.now();
    client.send(forwarding(mixnode.address, n));
    assertEquals(await client.answer(), { type: "send", status: true });
    await mixnode.events.reached("packets", n + 1);
    took.push(performance.now() - before);
  }
  assertEquals(mixnode.received, range(HONEST));
  return Math.round(took.toSorted((a, b) => a - b)[Math.floor(HONEST * 0.99)]!);
}

async function unforwarded({ operator }: Besieged): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of UNFORWARDED) {
    counts[outcome] = await operator.metric(`forwarder_packets_total{outcome="${outcome}"}`);
  }
  return counts;
}

for (const forwardTo of ["topology", "any"] as const) {
  Deno.test(`packets to the gateway itself and to a port that never answers, with forward_to = "${forwardTo}"`, async () => {
    await using mixnode = new FakeMixnode();
    await using directory = new DirectoryServer();
    directory.topology = () => topologyOf([mixnode.address]);
    using hole = await BlackHole.open();
    await using besieged = await Besieged.start(({ gateway, mixnetEndpoint, limits }) => {
      gateway.presenceDirectoryServer = directory.url;
      mixnetEndpoint.forwardTo = forwardTo;
      limits.framesPerSecond = 65_535;
    });
    const { clientsAddress, mixnetAddress } = besieged;
    await using attacker = await logIn(clientsAddress, await register(clientsAddress));
    await using honest = await logIn(clientsAddress, await register(clientsAddress));
    const targets = [mixnetAddress, clientsAddress, hole.address];
    const requests = range(PACKETS).map((n) => forwarding(targets[n % targets.length]!));
    const [taken, p99] = await Promise.all([flood(attacker, requests), forwardHonestly(honest, mixnode)]);
    const growth = await besieged.memoryGrowth();
    const served = await besieged.endProbing();
    const counts = await unforwarded(besieged);
    report(`forwarding, ${forwardTo}`, {
      packets: PACKETS,
      taken,
      ...counts,
      "MB grown": growth,
      "forwarded p99": p99,
      ...served,
    });
    if (forwardTo === "topology") assertEquals([taken, counts["not_a_mixnode"]], [0, PACKETS]);
    else {
      assertEquals(taken + counts["no_room"]!, PACKETS);
      await besieged.operator.reaches("mixnode_connects_failed_total", 1); // to the port that never answers
    }
    assertLessOrEqual(growth, MEMORY);
    assertServed(served);
  });
}

Deno.test("mixnodes that never read fill their queues, and the others are served", async () => {
  const stuck = range(STUCK).map(() => new FakeMixnode(false));
  await using disposing = new AsyncDisposableStack();
  for (const each of stuck) disposing.use(each);
  await using mixnode = new FakeMixnode();
  await using directory = new DirectoryServer();
  directory.topology = () => topologyOf([mixnode, ...stuck].map(({ address }) => address));
  await using besieged = await Besieged.start(({ gateway, limits }) => {
    gateway.presenceDirectoryServer = directory.url;
    limits.framesPerSecond = 65_535;
  });
  const { clientsAddress, operator } = besieged;
  await using attacker = await logIn(clientsAddress, await register(clientsAddress));
  await using honest = await logIn(clientsAddress, await register(clientsAddress));
  const requests = stuck.map(({ address }) => forwarding(address));
  let sent = 0;
  let taken = 0;
  const noRoom = 'forwarder_packets_total{outcome="no_room"}';
  while (await operator.metric(noRoom) < PACKETS) { // until the operating system's buffers are full too
    if (sent > MOST) throw new Error(`${sent} packets were accepted`);
    taken += await flood(attacker, range(PACKETS).map((n) => requests[n % requests.length]!));
    sent += PACKETS;
  }
  const queued = await operator.metric('queue_depth{queue="forwarder"}');
  const p99 = await forwardHonestly(honest, mixnode);
  const growth = await besieged.memoryGrowth();
  const served = await besieged.endProbing();
  const dropped = await operator.metric(noRoom);
  const figures = { mixnodes: stuck.length, packets: sent, taken, "no room": dropped, queued, "MB grown": growth };
  report("mixnodes that never read", { ...figures, "forwarded p99": p99, ...served });
  assert(dropped >= sent - taken);
  assertLessOrEqual(queued, 16_384);
  assertLessOrEqual(growth, MEMORY);
  assertServed(served);
});
