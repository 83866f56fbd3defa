import { assertEquals, assertRejects } from "@std/assert";
import { Peap, PeapError, type PeapOptions, type Status } from "../../src/peap/mod.ts";
import { fragments } from "../../src/peap/fragmentation.ts";
import { MAX_SILENCE } from "../../src/peap/reassembly.ts";
import { Latest } from "../../src/peap/status.ts";
import type { TraceEvent } from "../../src/peap/trace.ts";
import { eventually } from "../support/eventually.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { FakeNetwork } from "./fake_network.ts";
import { vectorMessage } from "./fragment_vectors.ts";

const ASK_AFTER = 20_000;
const PATIENCE = 10_000;

/** Collects the states of a client's status, as far as they are read. */
function states(client: Peap): string[] {
  const seen: string[] = [];
  (async () => {
    for await (const { state } of client.status()) seen.push(state);
  })();
  return seen;
}

function connect(network: FakeNetwork, clock: ManualClock, options: Partial<PeapOptions> = {}): Promise<Peap> {
  return Peap.connect({ directory: network.directory, traffic: "none", surroundings: { clock }, ...options });
}

for (const kind of ["this project's", "a 0.7.0"]) {
  Deno.test(`${kind} gateway that is silent is asked whether it is there, and its answer keeps the connection`, async () => {
    await using network = new FakeNetwork(kind === "this project's");
    const clock = new ManualClock();
    await using alice = await connect(network, clock);
    let asked = 0;
    const { ping } = network.answers;
    network.answers.ping = () => {
      asked++;
      return ping();
    };
    await clock.until(ASK_AFTER);
    await clock.advance(ASK_AFTER);
    await network.until(() => asked === 1);
    await alice.send(alice.address, "its answer comes after that to the question");
    await clock.advance(PATIENCE);
    assertEquals([asked, alice.state.state], [1, "connected"]);
    await clock.advance(ASK_AFTER - PATIENCE);
    await network.until(() => asked === 2);
    assertEquals(alice.state.state, "connected");
  });
}

Deno.test("a connection that died silently is noticed while idle, and replaced", async () => {
  await using network = new FakeNetwork(true);
  const clock = new ManualClock();
  await using alice = await connect(network, clock);
  network.answers.ping = () => undefined;
  await clock.advance(ASK_AFTER);
  assertEquals(alice.state.state, "connected");
  await clock.advance(PATIENCE);
  await eventually("it has noticed", () => alice.state.state === "reconnecting");
  const { state } = alice;
  assertEquals(state.state === "reconnecting" && [state.cause.kind, state.cause.message, state.in <= 500], [
    "connection",
    "the gateway has fallen silent",
    true,
  ]);
  await clock.advance(500);
  await eventually("it is back", () => alice.state.state === "connected");
});

Deno.test("reconnect() ends the delay before the next attempt, and so does an online event", async () => {
  await using network = new FakeNetwork(true);
  const clock = new ManualClock(); // which stands still: no delay ends by itself
  let isOnline = true;
  await using alice = await connect(network, clock, { surroundings: { clock, isOnline: () => isOnline } });
  const seen = states(alice);
  for (const back of [() => alice.reconnect(), () => globalThis.dispatchEvent(new Event("online"))]) {
    network.disconnect(alice.address);
    await eventually("it has noticed", () => alice.state.state === (isOnline ? "reconnecting" : "offline"));
    back();
    await eventually("it is back", () => alice.state.state === "connected");
    isOnline = false;
  }
  await alice.close();
  assertEquals(seen, ["connected", "reconnecting", "connected", "offline", "connected", "closed"]);
});

Deno.test("a message that arrives in part before a long disconnection is complete after it", async () => {
  await using network = new FakeNetwork(true);
  const clock = new ManualClock();
  let frames = 0;
  const trace = ({ type }: TraceEvent) => void (type === "frame-received" && frames++);
  await using bob = await connect(network, clock, { trace });
  const message = vectorMessage(1500);
  const [first, second] = [...fragments(message)];
  network.store(bob.address, first!);
  await eventually("the first part is here", () => frames === 1);
  const { authenticate } = network.answers;
  network.answers.authenticate = () => ({ type: "error", message: "not now" });
  network.disconnect(bob.address);
  await eventually("it is disconnected", () => bob.state.state === "reconnecting");
  await clock.advance(2 * MAX_SILENCE);
  network.store(bob.address, second!);
  network.answers.authenticate = authenticate;
  await eventually("it is back", () => {
    bob.reconnect();
    return bob.state.state === "connected";
  });
  let received: Uint8Array | undefined;
  void bob[Symbol.asyncIterator]().next().then(({ value }) => received = value?.data);
  await eventually("it is complete", () => received !== undefined);
  assertEquals(received, message);
});

Deno.test("when the network has changed, the connection is checked at once", async () => {
  await using network = new FakeNetwork(true);
  const clock = new ManualClock();
  await using alice = await connect(network, clock);
  const asked = Promise.withResolvers<void>();
  network.answers.ping = () => {
    asked.resolve();
    return undefined;
  };
  globalThis.dispatchEvent(new Event("offline"));
  await asked.promise;
  await clock.advance(1500);
  await eventually("it has noticed", () => alice.state.state === "reconnecting");
});

Deno.test("the status ends with why: superseded, failed or closed", async () => {
  await using network = new FakeNetwork(true);
  const clock = new ManualClock();
  const last = async (client: Peap) => {
    let latest: Status = client.state;
    for await (latest of client.status());
    return latest;
  };
  await using alice = await connect(network, clock);
  const ends = last(alice);
  network.disconnect(alice.address, 4001);
  assertEquals((await ends).state, "superseded");

  await using bob = await connect(network, clock, { reconnect: false });
  network.disconnect(bob.address);
  const failed = await last(bob);
  assertEquals(failed.state === "failed" && failed.cause.retryable, true);

  await using carol = await connect(network, clock);
  const { gateway } = carol.credentials;
  assertEquals(carol.state, { state: "connected", gateway, proven: true });
  await carol.close();
  assertEquals(await last(carol), { state: "closed" });
});

Deno.test("a slow reader of a status skips values, and each reader gets the last", async () => {
  const latest = new Latest(0);
  const readers = [latest[Symbol.asyncIterator](), latest[Symbol.asyncIterator]()] as const;
  assertEquals((await readers[0].next()).value, 0);
  latest.set(1);
  latest.set(2);
  const pending = readers[0].next();
  assertEquals((await pending).value, 2);
  latest.end(3);
  latest.set(4);
  assertEquals([latest.value, (await readers[0].next()).value, (await readers[1].next()).value], [3, 3, 3]);
  assertEquals([(await readers[0].next()).done, (await readers[1].next()).done], [true, true]);
});

Deno.test("a gateway that fails is not the end while others are listed", async () => {
  await using network = new FakeNetwork(true);
  const { gatewayNodes: [good], ...rest } = network.topology as { gatewayNodes: object[] };
  const closed = {
    ...good,
    pubKey: "3r5zh7gGB6QP4hifBuaKLcrkkPk7pDPFSunDsDGeyghc",
    clientListener: "ws://127.0.0.1:1",
  };
  const strange = { ...closed, pubKey: "4r5zh7gGB6QP4hifBuaKLcrkkPk7pDPFSunDsDGeyghc", clientListener: "not a URL" };
  network.topology = { ...rest, gatewayNodes: [closed, good, strange] };
  const clock = new ManualClock();
  for (let i = 0; i < 5; i++) {
    await using alice = await connect(network, clock);
    assertEquals(alice.credentials.gateway, network.gatewayKey);
  }
  network.topology = { ...rest, gatewayNodes: [closed, strange] };
  const error = await assertRejects(() => connect(network, clock), PeapError, "None of 2 gateways could be used");
  assertEquals((error.cause as AggregateError).errors.map(({ kind }) => kind), ["connection", "connection"]);
  network.topology = { ...rest, gatewayNodes: [closed] };
  const only = await assertRejects(
    () => connect(network, clock),
    PeapError,
    "Cannot connect to the gateway at ws://127",
  );
  assertEquals([only.kind, only.retryable, only.cause instanceof Error], ["connection", true, true]);
});

Deno.test("a page of an https origin draws only gateways that it may connect to", async () => {
  await using network = new FakeNetwork(true);
  const { gatewayNodes: [good], ...rest } = network.topology as { gatewayNodes: object[] };
  const plain = {
    ...good,
    pubKey: "3r5zh7gGB6QP4hifBuaKLcrkkPk7pDPFSunDsDGeyghc",
    clientListener: "ws://192.0.2.1:9000",
  };
  const surroundings = { origin: "https://example.org", clock: new ManualClock() };
  network.topology = { ...rest, gatewayNodes: [plain, good] }; // the good one is on this machine
  const options = { directory: network.directory, surroundings };
  for (let i = 0; i < 5; i++) {
    await using alice = await Peap.connect({ ...options, traffic: "none" });
    assertEquals(alice.credentials.gateway, network.gatewayKey);
  }
  network.topology = { ...rest, gatewayNodes: [plain] };
  await assertRejects(() => Peap.connect(options), PeapError, "a page of https://example.org");
  const chosen = { ...options, gateway: plain.pubKey };
  const refused = await assertRejects(() => Peap.connect(chosen), PeapError, "connect to ws; it needs wss");
  assertEquals(refused.retryable, false);
  const http = { ...options, directory: "http://192.0.2.1" };
  await assertRejects(() => Peap.connect(http), PeapError, "connect to http; it needs https");
});
