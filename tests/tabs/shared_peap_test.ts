import { assertEquals, assertRejects } from "@std/assert";
import { generateIdentity, type Identity, Peap, PeapError } from "../../src/peap/mod.ts";
import { fragments } from "../../src/peap/fragmentation.ts";
import type { Host, HostEvents } from "../../src/tabs/hosts.ts";
import { Hub } from "../../src/tabs/hub.ts";
import { SharedPeap, type SharedPeapOptions } from "../../src/tabs/shared_peap.ts";
import type { Port } from "../../src/tabs/port.ts";
import { FakeNetwork } from "../peap/fake_network.ts";
import { patientClock } from "../peap/patient_clock.ts";

const text = (message: string) => [...fragments(new TextEncoder().encode(message))][0]!;

/** Reaches a hub in this thread by a real message channel, as a tab reaches a worker. */
class ChannelHost implements Host {
  leads = false;
  readonly hub: () => Hub;
  #events: HostEvents | undefined;
  readonly #ports: MessagePort[] = [];

  constructor(hub: () => Hub) {
    this.hub = hub;
  }

  start(events: HostEvents): void {
    this.#events = events;
    this.rejoin();
  }

  /** Also: another worker has taken over. */
  rejoin(): void {
    const { port1, port2 } = new MessageChannel();
    this.#ports.push(port1, port2);
    this.#events!.joined(port1 as unknown as Port);
    void this.hub().accept(port2 as unknown as Port);
  }

  fail(error: Error): void {
    this.#events!.failed(error);
  }

  close(): void {
    for (const port of this.#ports) port.close();
  }
}

/** Those of all hubs. */
const clients: Peap[] = [];

/** A hub whose clients have the same identity. */
function hubAt(network: FakeNetwork, identity: Identity = generateIdentity()): Hub {
  return new Hub(async () => {
    const surroundings = { clock: patientClock };
    const client = await Peap.connect({ directory: network.directory, identity, traffic: "none", surroundings });
    clients.push(client);
    return client;
  });
}

const open = (hub: Hub) => SharedPeap.over(new ChannelHost(() => hub));

Deno.test("tabs have one client: each sends, each sees every message, and it is taken once", async () => {
  await using network = new FakeNetwork(true);
  const hub = hubAt(network);
  const [a, b] = [await open(hub), await open(hub)];
  assertEquals([a.address, a.state, network.logins.length], [b.address, b.state, 1]);
  const [inA, inB] = [a[Symbol.asyncIterator](), b[Symbol.asyncIterator]()];
  const progress: number[] = [];
  await a.send(b.address, new Uint8Array(2000).fill(7), {
    onProgress: ({ sent, total }) => progress.push(sent / total),
  });
  assertEquals([progress.length > 1, progress.at(-1)], [true, 1]);
  const [first, same] = [await inA.next(), await inB.next()];
  assertEquals([first.value?.data, first.value], [new Uint8Array(2000).fill(7), same.value]);
  await b.send(a.address, "second");
  assertEquals([(await inB.next()).value?.text(), (await inA.next()).value?.text()], ["second", "second"]);
  await inA.return();
  await network.until(() => network.client(a.address).inbox.length === 0); // acknowledged
  await a.close();
  assertEquals([(await inA.next()).done, network.client(a.address).socket !== undefined], [true, true]);
  await b.close();
  assertEquals((await inB.next()).done, true);
  await network.until(() => network.client(a.address).socket === undefined); // the last tab has ended it
});

Deno.test("a bad option is an error that names it, before a worker is started", async () => {
  const bad = [
    [{ script: 5 }, "script"],
    [{ script: "https://" }, "script"],
    [{ script: undefined }, "script"],
    [{ name: 5 }, "name"],
    [{ kind: "service" }, "kind"],
    [{ signal: {} }, "signal"],
    [{ traffic: "none" }, "traffic"], // which is the script's to choose
  ] as const;
  for (const [option, name] of bad) {
    const options = { script: "https://example.org/worker.js", ...option } as unknown as SharedPeapOptions;
    await assertRejects(() => SharedPeap.connect(options), TypeError, `option ${name}`);
  }
  await assertRejects(() => SharedPeap.connect(undefined as unknown as SharedPeapOptions), TypeError, "options");
});

Deno.test("errors arrive as they are: kind, retryable and cause; invalid data is refused in the tab", async () => {
  await using network = new FakeNetwork(true);
  const hub = hubAt(network);
  await using tab = await open(hub);
  const error = await assertRejects(() => tab.send("nobody", "hello"), PeapError);
  assertEquals([error.kind, error.retryable], ["address", false]);
  await assertRejects(() => tab.send(tab.address, 5 as unknown as string), TypeError, "a value of type number");
  await assertRejects(() => tab.send(tab.address, new Uint8Array(2 ** 24 + 1)), RangeError);
  for (const option of [{ onprogress: () => {} }, { onProgress: 5 }, { signal: {} }]) {
    const [name] = Object.keys(option);
    await assertRejects(() => tab.send(tab.address, "hello", option as object), TypeError, name);
  }
  assertEquals(network.packets, 0);
  const aborted = AbortSignal.abort(new Error("no longer wanted"));
  await assertRejects(() => tab.send(tab.address, "hello", { signal: aborted }), Error, "no longer wanted");
  const failing = () => {
    throw new Error("from the callback");
  };
  await assertRejects(() => tab.send(tab.address, "hello", { onProgress: failing }), Error, "from the callback");
});

Deno.test("a tab that gives up a message does not wait for the worker", async () => {
  await using network = new FakeNetwork(true, { packet: () => undefined }); // no packet is answered
  await using tab = await open(hubAt(network));
  const controller = new AbortController();
  const sent = tab.send(tab.address, "hello", { signal: controller.signal });
  await network.until(() => network.packets > 0);
  controller.abort(new Error("given up"));
  await assertRejects(() => sent, Error, "given up");
});

Deno.test("where the client cannot connect, each tab gets the reason, and the next one tries again", async () => {
  await using network = new FakeNetwork(true);
  let attempts = 0;
  const hub = new Hub(() => {
    if (++attempts === 1) throw new PeapError("directory", "unreachable", { cause: new TypeError("no route") });
    return Peap.connect({ directory: network.directory, traffic: "none" });
  });
  const error = await assertRejects(() => open(hub), PeapError, "unreachable");
  assertEquals([error.kind, error.retryable, (error.cause as Error).message], ["directory", true, "no route"]);
  await using tab = await open(hub);
  assertEquals(tab.state.state, "connected");
  const reason = new Error("not now");
  const host = new ChannelHost(() => new Hub(() => new Promise(() => {})));
  const controller = new AbortController();
  const connecting = SharedPeap.over(host, controller.signal);
  controller.abort(reason);
  assertEquals(await assertRejects(() => connecting), reason);
});

Deno.test("the client's end reaches every tab; a tab that comes later gets a new client", async () => {
  await using network = new FakeNetwork(true);
  const hub = hubAt(network);
  await using tab = await open(hub);
  const states: string[] = [];
  const watching = (async () => {
    for await (const { state } of tab.status()) states.push(state);
  })();
  const next = assertRejects(() => tab[Symbol.asyncIterator]().next(), PeapError);
  network.disconnect(tab.address, 4001);
  assertEquals((await next).kind, "superseded");
  await watching;
  assertEquals(states.at(-1), "superseded");
  const { kind } = await assertRejects(() => tab.send(tab.address, "hello"), PeapError);
  assertEquals(kind, "superseded");
  await using later = await open(hub);
  assertEquals([later.state.state, network.logins.length], ["connected", 2]);
});

Deno.test("another worker takes over: sends fail, loops go on without seeing a message twice", async () => {
  await using network = new FakeNetwork(true);
  const identity = generateIdentity();
  let hub = hubAt(network, identity);
  const host = new ChannelHost(() => hub);
  await using tab = await SharedPeap.over(host);
  const old = clients.at(-1)!;
  const loop = tab[Symbol.asyncIterator]();
  network.store(tab.address, text("one"));
  assertEquals((await loop.next()).value?.text(), "one"); // and it is not taken yet
  network.answers.packet = () => undefined;
  const sent = tab.send(tab.address, "hello");
  sent.catch(() => {});
  await network.until(() => network.packets > 0);
  const { address } = tab;
  hub = hubAt(network, identity);
  host.rejoin();
  const error = await assertRejects(() => sent, PeapError, "may have been sent");
  assertEquals([error.kind, error.retryable], ["connection", true]);
  const two = loop.next(); // the gateway pushes "one" again before
  network.store(address, text("two"));
  assertEquals((await two).value?.text(), "two");
  assertEquals([tab.address, tab.state.state], [address, "connected"]);
  await old.close();
});
