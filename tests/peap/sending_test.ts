import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Clock, Peap, PeapError, type PeapOptions, type Progress, type TraceEvent } from "../../src/peap/mod.ts";
import type { PacketPlan } from "../../src/sphinx/build.ts";
import { loadBuilder } from "../../src/sphinx/kernel/builder.ts";
import { eventually } from "../support/eventually.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { FakeNetwork } from "./fake_network.ts";
import { vectorMessage } from "./fragment_vectors.ts";
import { patientClock } from "./patient_clock.ts";

const text = (data: Uint8Array | undefined) => new TextDecoder().decode(data);

function connect(network: FakeNetwork, options: Partial<PeapOptions> = {}): Promise<Peap> {
  const surroundings = { clock: patientClock };
  return Peap.connect({ directory: network.directory, traffic: "none", surroundings, ...options });
}

Deno.test("bytes in any form arrive, as they were when they were sent, and anything else is refused", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network);
  const messages = alice[Symbol.asyncIterator]();
  const buffer = Uint8Array.of(1, 2, 3).buffer;
  for (const data of [buffer, new DataView(buffer), new Uint8Array(buffer)]) {
    const sent = alice.send(alice.address, data);
    new Uint8Array(buffer)[0]!++;
    await sent;
  }
  const received = [await messages.next(), await messages.next(), await messages.next()];
  assertEquals(received.map(({ value }) => value?.data[0]), [1, 2, 3]);
  const { packets } = network;
  for (const data of [new Blob(["hello"]), 7, { hello: "world" }, undefined]) {
    await assertRejects(() => alice.send(alice.address, data as unknown as string), TypeError, "Cannot send");
  }
  await assertRejects(() => alice.send(7 as unknown as string, "hello"), TypeError);
  await assertRejects(
    () => alice.send(alice.address, "hello", { onprogress: () => {} } as object),
    TypeError,
    "onprogress",
  );
  assertEquals(network.packets, packets);
});

Deno.test("a short message passes a long one in the stream of random packets", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network, { traffic: "full", meanSendGap: 10 });
  const messages = alice[Symbol.asyncIterator]();
  const long = alice.send(alice.address, vectorMessage(20_000));
  let isLongSent = false;
  const longSent = long.then(() => isLongSent = true);
  await alice.send(alice.address, "short");
  assertEquals(isLongSent, false);
  assertEquals(text((await messages.next()).value?.data), "short");
  await longSent;
  assertEquals((await messages.next()).value?.data, vectorMessage(20_000));
});

Deno.test("progress counts the packets that the gateway has accepted", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network);
  const progress: Progress[] = [];
  await alice.send(alice.address, vectorMessage(2500), { onProgress: (now) => progress.push(now) });
  assertEquals(progress, [1, 2, 3].map((sent) => ({ sent, total: 3 })));
  const onProgress = () => {
    throw new RangeError("its own mistake");
  };
  await assertRejects(() => alice.send(alice.address, "hello", { onProgress }), RangeError, "its own mistake");
  await alice.send(alice.address, "and the client works on");
});

Deno.test("a message can be given up, before and while it is sent", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network);
  const ended = AbortSignal.abort(new RangeError("no more"));
  await assertRejects(() => alice.send(alice.address, "hello", { signal: ended }), RangeError, "no more");
  assertEquals(network.packets, 0);
  const ending = new AbortController();
  const onProgress = ({ sent }: Progress) => sent === 3 && ending.abort();
  const giving = alice.send(alice.address, new Uint8Array(1_000_000), { signal: ending.signal, onProgress });
  assertEquals((await assertRejects(() => giving) as Error).name, "AbortError");
  await alice.send(alice.address, "after it");
  assert(network.packets < 200, `${network.packets} of 1034 packets`);
});

Deno.test("the stream of random packets carries cover, and a message as soon as there is one", async () => {
  await using network = new FakeNetwork(true);
  const clock = new ManualClock();
  const events: TraceEvent[] = [];
  const sent = () => events.filter((event) => event.type === "packet-sent").map(({ carries }) => carries);
  const options = {
    traffic: "full",
    meanSendGap: 10,
    meanCoverGap: 3_600_000,
    trace: (event: TraceEvent) => events.push(event),
  } as const;
  await using alice = await connect(network, { ...options, surroundings: { clock } });
  await eventually("packets are sent", () => (void clock.advance(10), sent().length >= 5));
  assertEquals(new Set(sent()), new Set(["cover"]));
  const message = alice.send(alice.address, "hello");
  await eventually("the message is sent", () => (void clock.advance(10), sent().includes("message")));
  await message;
  assertEquals(sent().filter((carries) => carries === "message").length, 1);
  network.answers.packet = () => undefined;
});

Deno.test("a trace shows packets with their routes, and what comes back", async () => {
  await using network = new FakeNetwork(true);
  const events: TraceEvent[] = [];
  await using alice = await connect(network, { trace: (event) => events.push(event) });
  await alice.send(alice.address, "hello");
  const { value: message } = await alice[Symbol.asyncIterator]().next();
  assertEquals(events.map(({ type }) => type).toSorted(), [
    "frame-received",
    "message-received",
    "packet-accepted",
    "packet-sent",
    "topology",
  ]);
  for (const event of events) {
    if (event.type === "topology") assertEquals([event.mixnodes, event.gateways], [[1, 1, 1], 1]);
    if (event.type === "message-received") assertEquals([event.id, event.fragments], [message?.id, 1]);
    if (event.type !== "packet-sent") continue;
    assertEquals(event.hops.map(({ host }) => host), [
      "10.0.0.1:1789",
      "10.0.0.2:1789",
      "10.0.0.3:1789",
      "10.0.0.9:1789",
    ]);
    assertEquals(event.hops.map(({ delay }) => delay > 0), [true, true, true, false]);
    assertEquals(event.carries, "message");
  }
});

Deno.test("a packet that its connection lost keeps its route and waits for the stream", async () => {
  await using network = new FakeNetwork(true, { packet: () => undefined });
  const events: TraceEvent[] = [];
  await using alice = await connect(network, { trace: (event) => events.push(event) });
  const message = alice.send(alice.address, "hello");
  await network.until(() => network.packets === 1);
  network.answers.packet = () => ({ type: "send", status: true });
  network.disconnect(alice.address);
  await eventually("it has noticed", () => events.some(({ type }) => type === "packet-lost"));
  alice.reconnect();
  await message;
  const packets = events.flatMap((event) => "packet" in event ? [[event.type, event.packet]] : []);
  assertEquals(packets, [["packet-sent", 1], ["packet-lost", 1], ["packet-sent", 1], ["packet-accepted", 1]]);
});

Deno.test("a packet that waited for a connection is built again if its mixnodes are gone by then", async () => {
  // The topology is fetched every 10 ms instead of every 30 s.
  const after: Clock["after"] = (ms, callback) => patientClock.after(ms === 30_000 ? 10 : ms, callback);
  const clock = { ...patientClock, after };
  const kernel = (await loadBuilder())!;
  for (const traffic of ["none", "full"] as const) {
    await using network = new FakeNetwork(true, { packet: () => undefined });
    const { topology, answers: { authenticate } } = network;
    const { mixNodes: [first, ...others], gatewayNodes } = topology as { mixNodes: object[]; gatewayNodes: object[] };
    network.topology = { mixNodes: [{ ...first, host: "10.9.9.9:1" }, ...others], gatewayNodes }; // nobody is there
    let topologies = 0;
    let built = 0;
    const build = (plan: PacketPlan) => (built += text(plan.message) === "\0hello" ? 1 : 0, kernel.build(plan));
    await using alice = await connect(network, {
      traffic,
      meanSendGap: 3_600_000,
      meanCoverGap: 3_600_000,
      surroundings: { clock },
      kernel: { build },
      trace: ({ type }) => topologies += type === "topology" ? 1 : 0,
    });
    const sent = alice.send(alice.address, "hello");
    await eventually("its packet is built", () => built === 1);
    if (traffic === "none") await network.until(() => network.packets === 1);
    network.answers.authenticate = () => ({ type: "error", message: "not yet" });
    network.disconnect(alice.address);
    await eventually("it has noticed", () => alice.state.state === "reconnecting");
    network.topology = topology;
    const before = topologies;
    await eventually("the client has the new topology", () => topologies > before + 1);
    Object.assign(network.answers, { authenticate, packet: () => ({ type: "send", status: true }) });
    alice.reconnect();
    await eventually("it is built again", () => built === 2);
    if (traffic === "none") await sent;
    else await Promise.all([alice.close(), assertRejects(() => sent, PeapError, "closed")]); // there was no tick
  }
});

Deno.test("errors say whether the same call may succeed later", async () => {
  const kinds = [
    "address",
    "directory",
    "gateway",
    "token",
    "proof",
    "connection",
    "superseded",
    "full",
    "closed",
  ] as const;
  const retryable = kinds.filter((kind) => new PeapError(kind, "").retryable);
  assertEquals(retryable, ["directory", "connection", "full"]);
  const cause = new RangeError("why");
  assertEquals([
    new PeapError("gateway", "", { cause, retryable: true }).retryable,
    new PeapError("gateway", "", { cause }).cause,
  ], [
    true,
    cause,
  ]);
  await using network = new FakeNetwork(true, { packet: () => ({ type: "send", status: false }) });
  await using alice = await connect(network);
  const error = await assertRejects(() => alice.send(alice.address, "hello"), PeapError, "too many packets");
  assertEquals([error.kind, error.retryable], ["gateway", true]);
});
