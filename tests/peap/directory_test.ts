import { ed25519 } from "@noble/curves/ed25519.js";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { fetchTopology } from "../../src/peap/directory.ts";
import { Peap, PeapError, TopologyTrust } from "../../src/peap/mod.ts";
import { realSurroundings } from "../../src/peap/surroundings.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { Silence } from "../support/silence.ts";
import { FakeNetwork } from "./fake_network.ts";

const REFRESH = 30_000;

/**
 * Lets the client fetch the topology again, and waits until it has taken the answer. It receives something every 15 s: a
 * silent connection would end.
 */
async function refresh(clock: ManualClock, network: FakeNetwork, client: Peap): Promise<void> {
  await clock.until(REFRESH);
  for (let half = 0; half < 2; half++) {
    await clock.advance(REFRESH / 2);
    network.store(client.address, Uint8Array.of(0));
    await client[Symbol.asyncIterator]().next();
  }
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

Deno.test("with the directory's key, only topologies that it has signed are accepted, and none older than the last", async () => {
  using _silence = new Silence();
  let now = 1_795_406_847_619;
  await using rig = await DirectoryRig.start(undefined, () => now);
  const key = encodeBase58(ed25519.getPublicKey(rig.signingKey));
  const other = encodeBase58(new Uint8Array(32).fill(5));
  const trust = new TopologyTrust(() => [other, key], () => 0);
  assertEquals(await fetchTopology(rig.url, undefined, trust), { mixNodes: [], gatewayNodes: [] });
  assertEquals(trust.signedAt, now);
  trust.signedAt = ++now + 1;
  await rig.stop(); // which would not sign with an earlier time than before
  await rig.restart();
  await assertRejects(() => fetchTopology(rig.url, undefined, trust), PeapError, "somebody sends old topologies");
  await assertRejects(
    () => fetchTopology(rig.url, undefined, new TopologyTrust(() => [other])),
    PeapError,
    `the directory's topology is signed with the key ${key}`,
  );
  await using network = new FakeNetwork(true);
  await assertRejects(
    () => Peap.connect({ directory: network.directory, directoryKey: key }),
    PeapError,
    "the directory's topology is not signed",
  );
});

Deno.test("mixnodes and gateways that are announced by a DNS name are used where names can be looked up", async () => {
  await using network = new FakeNetwork(true);
  const { mixNodes, gatewayNodes } = network.topology as {
    mixNodes: { host: string }[];
    gatewayNodes: { mixnetListener: string }[];
  };
  const names = new Map<string, string>();
  const named = (address: string) => {
    const [ip, port] = address.split(":") as [string, string];
    names.set(`mix${names.size}.example`, ip);
    return `mix${names.size - 1}.example:${port}`;
  };
  for (const node of mixNodes) node.host = named(node.host);
  for (const node of gatewayNodes) node.mixnetListener = named(node.mixnetListener);
  const options = { directory: network.directory, traffic: "none" } as const;
  const lookUp = (name: string) => Promise.resolve([names.get(name)!]);
  await using alice = await Peap.connect({ ...options, surroundings: { lookUp } });
  await alice.send(alice.address, "by name");
  assertEquals((await alice[Symbol.asyncIterator]().next()).value?.text(), "by name");
  await using page = await Peap.connect({ ...options, surroundings: { lookUp: undefined } });
  await assertRejects(() => page.send(alice.address, "from a page"), PeapError, "no usable entry");
});

Deno.test("the system looks names up, those of the machine too", async () => {
  const found = await realSurroundings().lookUp!("localhost");
  assert(found.includes("127.0.0.1"), `${found}`);
  await assertRejects(() => realSurroundings().lookUp!("no-such-name.invalid"));
});
