import { assert, assertEquals, assertRejects } from "@std/assert";
import { fragments } from "../../src/peap/fragmentation.ts";
import { MAX_WAITING_FRAMES } from "../../src/peap/inbox.ts";
import {
  formatAddress,
  generateIdentity,
  Peap,
  PeapError,
  type PeapErrorKind,
  type PeapOptions,
  type TraceEvent,
} from "../../src/peap/mod.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { FakeNetwork } from "./fake_network.ts";
import { vectorMessage } from "./fragment_vectors.ts";
import { patientClock } from "./patient_clock.ts";

const text = (message: string) => [...fragments(new TextEncoder().encode(message))][0]!;

function connect(network: FakeNetwork, options: Partial<PeapOptions> = {}): Promise<Peap> {
  const surroundings = { clock: patientClock };
  return Peap.connect({ directory: network.directory, traffic: "none", surroundings, ...options });
}

/** ms between two acknowledgements */
const BEAT = 1000;

/** The next `count` messages as text. The last one has been handed out but not yet taken. */
async function texts(messages: AsyncIterator<{ text(): string }>, count: number): Promise<string[]> {
  const received: string[] = [];
  while (received.length < count) {
    const { value, done } = await messages.next();
    if (done) throw new Error("there are no more messages");
    received.push(value.text());
  }
  return received;
}

async function assertKind(kind: PeapErrorKind, message: string, promise: Promise<unknown>): Promise<void> {
  assertEquals((await assertRejects(() => promise, PeapError, message)).kind, kind);
}

Deno.test("two clients exchange messages of all sizes", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network);
  await using bob = await connect(network);
  const messages = bob[Symbol.asyncIterator]();
  for (const length of [0, 1, 974, 975, 20_000]) {
    await alice.send(bob.address, vectorMessage(length));
    assertEquals((await messages.next()).value?.data, vectorMessage(length));
  }
  await alice.send(alice.address, "to myself");
  assertEquals(await texts(alice[Symbol.asyncIterator](), 1), ["to myself"]);
});

Deno.test("overlapping sends share the window, and all messages arrive", async () => {
  let due = 0;
  let mostDue = 0;
  await using network = new FakeNetwork(true, {
    packet: () => {
      mostDue = Math.max(mostDue, ++due);
      queueMicrotask(() => due--);
      return { type: "send", status: true };
    },
  });
  await using alice = await connect(network);
  const sizes = [30_000, 20_000, 10_000];
  await Promise.all(sizes.map((size) => alice.send(alice.address, vectorMessage(size))));
  const messages = alice[Symbol.asyncIterator]();
  const received = [await messages.next(), await messages.next(), await messages.next()];
  assertEquals(received.map(({ value }) => value?.data.length).sort(), sizes.toSorted());
  assert(mostDue <= 64);
});

Deno.test("a message is acknowledged when the application asks for the next one", async () => {
  await using network = new FakeNetwork(true);
  const clock = new ManualClock();
  await using bob = await connect(network, { surroundings: { clock } });
  const client = network.client(bob.address);
  await network.until(() => client.acknowledged === 0); // switched on right after the login
  const messages = bob[Symbol.asyncIterator]();
  network.store(bob.address, text("one"));
  network.push(bob.address, new TextEncoder().encode("The cake is a lie!"));
  network.store(bob.address, Uint8Array.of(1, 2, 3)); // garbage
  network.store(bob.address, text("two"));
  assertEquals(await texts(messages, 1), ["one"]);
  assertEquals(client.acknowledged, 0);
  assertEquals(await texts(messages, 1), ["two"]);
  await clock.advance(BEAT);
  await network.until(() => client.acknowledged === 3);
  assertEquals(client.inbox, [text("two")]);
});

Deno.test("the last message is acknowledged when the loop ends, or when the client is closed", async () => {
  await using network = new FakeNetwork(true);
  const clock = new ManualClock();
  await using bob = await connect(network, { surroundings: { clock } });
  for (const message of ["one", "two", "three"]) network.store(bob.address, text(message));
  for await (const message of bob) if (message.text() === "one") break;
  await clock.advance(BEAT);
  await network.until(() => network.client(bob.address).acknowledged === 1);
  assertEquals(await texts(bob[Symbol.asyncIterator](), 1), ["two"]);
  await bob.close();
  await network.until(() => network.client(bob.address).acknowledged === 2);
  assertEquals(network.client(bob.address).inbox, [text("three")]);
});

Deno.test("messages that were not taken are pushed again after a login with the credentials", async () => {
  await using network = new FakeNetwork(true);
  await using bob = await connect(network);
  const { address, credentials } = bob;
  for (const message of ["one", "two", "three"]) network.store(address, text(message));
  await texts(bob[Symbol.asyncIterator](), 2);
  await bob.close();
  await using back = await connect(network, { credentials });
  assertEquals(await texts(back[Symbol.asyncIterator](), 1), ["three"]);
  assertEquals([back.credentials, back.address], [credentials, address]);
});

Deno.test("a message is delivered once, whether it was taken, waiting or incomplete when the connection broke", async () => {
  await using network = new FakeNetwork(true);
  await using bob = await connect(network);
  const client = network.client(bob.address);
  const messages = bob[Symbol.asyncIterator]();
  const [part1, part2] = [...fragments(vectorMessage(1500))];
  network.store(bob.address, part1!); // holds back all later acknowledgements
  for (const message of ["taken", "same", "same", "waits"]) network.store(bob.address, text(message));
  assertEquals(await texts(messages, 3), ["taken", "same", "same"]);
  network.disconnect(bob.address);
  network.store(bob.address, text("new"));

  await network.until(() => client.socket !== undefined);
  assertEquals(await texts(messages, 2), ["waits", "new"]);
  assertEquals(client.acknowledged ?? 0, 0);
  network.store(bob.address, part2!);
  assertEquals((await messages.next()).value?.data, vectorMessage(1500));
  const rest = messages.next();
  await network.until(() => client.inbox.length === 0);
  await bob.close();
  assertEquals(await rest, { value: undefined, done: true });
});

Deno.test("a 0.7.0 gateway gets no acknowledgements, and an equal message sent later is a new one", async () => {
  await using network = new FakeNetwork(false);
  await using bob = await connect(network);
  const messages = bob[Symbol.asyncIterator]();
  network.store(bob.address, text("ping"));
  assertEquals(await texts(messages, 1), ["ping"]);
  network.disconnect(bob.address);
  network.store(bob.address, text("ping"));
  assertEquals(await texts(messages, 1), ["ping"]);
  assertEquals(network.client(bob.address).acknowledged, undefined);
});

Deno.test("a message is sent again on the next connection when its connection breaks", async () => {
  await using network = new FakeNetwork(true, { packet: () => undefined });
  await using alice = await connect(network);
  const sent = alice.send(alice.address, "again and again");
  await network.until(() => network.packets === 1);
  network.answers.packet = () => ({ type: "send", status: true });
  network.disconnect(alice.address);
  await sent;
  assertEquals(network.packets, 2);
});

Deno.test("a connection without an answer for 1.5 s is abandoned, and ends a client that may not reconnect", async () => {
  await using network = new FakeNetwork(true, { packet: () => undefined });
  const clock = new ManualClock();
  const received = Promise.withResolvers<void>();
  const trace = ({ type }: TraceEvent) => type === "message-received" && received.resolve();
  await using alice = await connect(network, { reconnect: false, surroundings: { clock }, trace });
  const messages = alice[Symbol.asyncIterator]();
  network.store(alice.address, text("last words"));
  const sent = assertKind("connection", "no answer in 1500 ms", alice.send(alice.address, "hello"));
  await Promise.all([received.promise, network.until(() => network.packets === 1)]);
  await clock.advance(1499);
  assertEquals(alice.state.state, "connected");
  await clock.advance(1);
  await sent;
  assertEquals(await texts(messages, 1), ["last words"]);
  await assertKind("connection", "no answer in 1500 ms", messages.next());
  await assertKind("connection", "no answer in 1500 ms", alice.send(alice.address, "hello"));
});

Deno.test("the gateway's refusals are errors with its own text", async () => {
  const refusal = (message: string) => () => ({ type: "error", message });
  await using closed = new FakeNetwork(true, { register: refusal("client is already registered") });
  await assertKind("gateway", "client is already registered", connect(closed));

  await using network = new FakeNetwork(true, { packet: refusal("not in the current topology") });
  await using alice = await connect(network);
  await assertKind("gateway", "not in the current topology", alice.send(alice.address, vectorMessage(5000)));
  network.answers.authenticate = () => ({ type: "authenticate", status: false });
  await assertKind("token", "does not accept", connect(network, { credentials: alice.credentials }));
});

Deno.test("a packet that the gateway has no room for is sent again", async () => {
  let refusals = 2;
  await using network = new FakeNetwork(true, { packet: () => ({ type: "send", status: refusals-- <= 0 }) });
  await using alice = await connect(network);
  await alice.send(alice.address, "room?");
  assertEquals(network.packets, 3);
});

Deno.test("invalid addresses and unknown gateways are refused before anything is sent", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network);
  await assertKind("address", "its client part", alice.send("bob@home", "hello"));
  const [client] = alice.address.split("@");
  await assertKind("directory", "no gateway", alice.send(`${client}@${client}`, "hello"));
  await assertRejects(() => alice.send(alice.address, new Uint8Array(17 * 1024 * 1024)), RangeError);
  assertEquals(network.packets, 0);
});

Deno.test("an unusable directory is an error that says why", async () => {
  await using network = new FakeNetwork(true);
  network.topology = { mixNodes: [], gatewayNodes: [] };
  await assertKind("directory", "no gateway", connect(network));
  network.topology = "rubbish";
  await assertKind("directory", "is not a topology", connect(network));
  await assertKind(
    "directory",
    "request to the directory",
    connect(network, { directory: "http://127.0.0.1:1" }),
  );
});

Deno.test("a client that is superseded by a login elsewhere ends, and does not log in again", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network);
  const next = alice[Symbol.asyncIterator]().next();
  network.disconnect(alice.address, 4001);
  await assertKind("superseded", "", next);
});

Deno.test("a client retries when its gateway refuses it for the moment", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network);
  const { authenticate } = network.answers;
  network.answers.authenticate = () => {
    network.answers.authenticate = authenticate;
    return { type: "error", message: "unexpected failure" };
  };
  network.disconnect(alice.address);
  await alice.send(alice.address, "here again");
  assertEquals(await texts(alice[Symbol.asyncIterator](), 1), ["here again"]);
});

Deno.test("a client ends when its gateway no longer accepts it", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network);
  network.answers.authenticate = () => ({ type: "authenticate", status: false });
  const next = alice[Symbol.asyncIterator]().next();
  network.disconnect(alice.address);
  await assertKind("token", "does not accept this client's credentials", next);
});

Deno.test("a client whose application takes no messages disconnects, and reconnects for the rest once it does", async () => {
  await using network = new FakeNetwork(true);
  const identity = generateIdentity();
  const [client] = formatAddress({ client: identity.publicKey, gateway: identity.publicKey }).split("@");
  const total = MAX_WAITING_FRAMES + 1000;
  for (let index = 0; index < total; index++) network.store(client!, text(`${index}`));
  await using bob = await connect(network, { identity });
  await network.until(() => network.client(bob.address).socket === undefined);
  await assertKind("full", "take the received messages first", bob.send(bob.address, "hello"));
  const expected = Array.from({ length: total }, (_, index) => `${index}`);
  assertEquals(await texts(bob[Symbol.asyncIterator](), total), expected);
  await bob.send(bob.address, "hello");
});

Deno.test("cover messages are sent at random times, received, acknowledged, and hidden from the application", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network, { traffic: "loop", meanCoverGap: 10 });
  network.store(alice.address, text("seen"));
  assertEquals(await texts(alice[Symbol.asyncIterator](), 1), ["seen"]);
  await network.until(() => network.packets >= 5);
});

Deno.test("the real stream sends cover when no packet is waiting", async () => {
  await using network = new FakeNetwork(true);
  await using alice = await connect(network, { traffic: "full", meanSendGap: 10 });
  await network.until(() => network.packets >= 3);
  await alice.send(alice.address, vectorMessage(3000));
  assertEquals((await alice[Symbol.asyncIterator]().next()).value?.data, vectorMessage(3000));
});

Deno.test("closing ends waiting loops and sends, and can be repeated", async () => {
  await using network = new FakeNetwork(true, { packet: () => undefined });
  await using alice = await connect(network, { traffic: "full", meanSendGap: 3e6, meanCoverGap: 3e6 });
  await using bob = await connect(network);
  const waiting = [
    assertKind("closed", "was closed", alice.send(alice.address, "waits for its turn")),
    assertKind("closed", "was closed", bob.send(bob.address, "waits for its answer")),
  ];
  const next = alice[Symbol.asyncIterator]().next();
  await network.until(() => network.packets === 1);
  await Promise.all([alice.close(), bob.close()]);
  await Promise.all(waiting);
  assertEquals(await next, { value: undefined, done: true });
  await assertKind("closed", "was closed", alice.send(alice.address, "too late"));
});
