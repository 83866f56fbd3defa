import { assertEquals, assertRejects } from "@std/assert";
import { fetchTopology } from "../../src/peap/directory.ts";
import { Peap, PeapError } from "../../src/peap/mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { FakeNetwork } from "./fake_network.ts";

const REFRESH = 30_000;

/**
 * Lets the client fetch the topology again, and waits until it has taken the answer. It receives something in between: a
 * connection that is silent for 30 s of its clock would end.
 */
async function refresh(clock: ManualClock, network: FakeNetwork, client: Peap): Promise<void> {
  await clock.until(REFRESH);
  await clock.advance(REFRESH / 2);
  network.store(client.address, Uint8Array.of(0));
  await client[Symbol.asyncIterator]().next();
  await clock.advance(REFRESH / 2);
  await clock.until(REFRESH);
}

interface Topology {
  mixNodes: { layer: number }[];
  gatewayNodes: object[];
}

Deno.test("the topology is fetched on a steady schedule, and not before a message", async () => {
  await using network = new FakeNetwork(true);
  const clock = new ManualClock();
  await using alice = await Peap.connect({ directory: network.directory, traffic: "none", surroundings: { clock } });
  await clock.until(REFRESH);
  await clock.advance(REFRESH / 2);
  await alice.send(alice.address, "hello");
  await clock.advance(REFRESH / 2 - 1);
  await alice.send(alice.address, "hello");
  assertEquals(network.fetches, 1);
  await clock.advance(1);
  await clock.until(REFRESH);
  assertEquals(network.fetches, 2);
  await refresh(clock, network, alice);
  assertEquals(network.fetches, 3);
});

Deno.test("one bad entry or answer does not stop a client: the last good topology is kept", async () => {
  await using network = new FakeNetwork(true);
  const good = network.topology as Topology;
  const stray = { ...good.mixNodes[0]!, host: "10.9.9.9:1" };
  network.topology = { ...good, mixNodes: [{ ...stray, layer: 9 }, { ...stray, layer: 4 }, ...good.mixNodes] };
  const clock = new ManualClock();
  await using alice = await Peap.connect({ directory: network.directory, traffic: "none", surroundings: { clock } });
  await alice.send(alice.address, "layer 9 and 4 are ignored"); // the network knows no key for 10.9.9.9

  const bad = [
    { ...good, mixNodes: good.mixNodes.filter(({ layer }) => layer !== 2) },
    { ...good, mixNodes: [] },
    { ...good, gatewayNodes: [] },
    { mixNodes: 7 },
    "rubbish",
    "[".repeat(100_000),
  ];
  for (const topology of bad) {
    network.topology = topology;
    await refresh(clock, network, alice);
    await alice.send(alice.address, "still here");
  }
  assertEquals(network.fetches, 1 + bad.length);
});

Deno.test("a missing layer is an error that names it, and receiving works all the same", async () => {
  await using network = new FakeNetwork(true);
  const good = network.topology as Topology;
  network.topology = { ...good, mixNodes: good.mixNodes.filter(({ layer }) => layer === 1) };
  const clock = new ManualClock();
  await using alice = await Peap.connect({ directory: network.directory, traffic: "none", surroundings: { clock } });
  const error = await assertRejects(() => alice.send(alice.address, "hello"), PeapError, "Layer 2 of the mixnet's 3");
  assertEquals([error.kind, error.retryable], ["directory", true]);
  network.topology = good;
  await refresh(clock, network, alice);
  await alice.send(alice.address, "hello");
});

Deno.test("an endless answer of the directory is cut off", async () => {
  let sent = 0;
  const chunk = new TextEncoder().encode(" ".repeat(1024 * 1024));
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(chunk);
        sent += chunk.length;
      },
    });
    return new Response(body);
  });
  const directory = `http://127.0.0.1:${server.addr.port}`;
  await assertRejects(() => fetchTopology(directory), PeapError, "is longer than");
  assertEquals(sent < 80 * 1024 * 1024, true, `${sent} bytes`);
});

Deno.test("a request can be ended", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) =>
      new Promise<Response>((resolve) => request.signal.addEventListener("abort", () => resolve(new Response()))),
  );
  const ending = new AbortController();
  const directory = `http://127.0.0.1:${server.addr.port}`;
  const options = { directory, signal: ending.signal };
  const connecting = Peap.connect(options);
  ending.abort(new RangeError("enough"));
  await assertRejects(() => connecting, RangeError, "enough");
  await assertRejects(() => Peap.connect(options), RangeError, "enough");
});
