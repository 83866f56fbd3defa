import { assertEquals, assertRejects } from "@std/assert";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { encodeNodeAddress } from "../../src/sphinx/node_address.ts";
import { range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { ShiftedClock } from "../support/shifted_clock.ts";
import { ClientsRig } from "./clients_rig.ts";

Deno.test("beyond its connections a network gets no more, until one of them ends", async () => {
  await using rig = await ClientsRig.start({}, { clientConnections: 10, clientConnectionsPerNetwork: 2 });
  const first = await rig.logIn(1);
  await using _second = await rig.logIn(2);
  await assertRejects(() => rig.connect());
  assertEquals(rig.counters.get("client_connections_refused"), 1);
  await first[Symbol.asyncDispose]();
  await eventually("its place is free", () => rig.server.connections === 1);
  await using _third = await rig.logIn(3);
});

Deno.test("this machine is held to the total alone, unless it is to be limited", async () => {
  const limits = { clientConnections: 3, clientConnectionsPerNetwork: 1, limitLoopback: false };
  await using rig = await ClientsRig.start({}, limits);
  const clients = await Promise.all(range(3).map((n) => rig.logIn(n)));
  await assertRejects(() => rig.connect());
  for (const client of clients) await client[Symbol.asyncDispose]();
});

Deno.test("of unauthenticated clients the oldest is evicted for the next; one that has logged in stays", async () => {
  await using rig = await ClientsRig.start({}, { connectionsBeforeLogin: 10, connectionsBeforeLoginPerNetwork: 2 });
  await using member = await rig.logIn(1);
  const silent = await rig.connect();
  await using second = await rig.connect();
  await using third = await rig.connect();
  await silent.closed;
  assertEquals(rig.counters.get("client_connections_evicted"), 1);
  assertEquals((await second.request(rig.authentication(2)) as { status: boolean }).status, true);
  assertEquals((await third.request(rig.authentication(3)) as { status: boolean }).status, true);
  await rig.store(1, [1]);
  await member.message();
});

Deno.test("a client that sends more frames than it may is disconnected", async () => {
  await using rig = await ClientsRig.start({}, { framesPerSecond: 50 });
  await using client = await rig.logIn(1);
  const request = new Uint8Array(7 + PACKET_SIZE);
  request.set(encodeNodeAddress({ host: "10.0.0.1", port: 1789 }));
  for (const _ of range(150)) client.send(request);
  await client.closed;
  assertEquals(rig.counters.get("client_floods_closed"), 1);
});

Deno.test("who answers the gateway's pings does not use up what it may send", async () => {
  await using rig = await ClientsRig.start({}, { framesPerSecond: 2, slowClientBytes: 262_144 });
  const count = 4000; // it is asked every 128 KiB
  await rig.store(1, range(count), 975);
  await using client = await rig.logIn(1);
  await client.messages(count);
  await eventually("all is confirmed", () => rig.mailbox.totals.messages === 0);
  assertEquals(rig.counters.get("client_floods_closed"), 0);
});

Deno.test("a client that asks on and on, and reads no answer, is disconnected", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(12_000), 975); // more than the system's buffers take
  using raw = await rig.connectRaw();
  await raw.send(rig.authentication(1));
  await eventually("it reads nothing", () => rig.counters.get("clients_slow") > 0);
  using clock = new ShiftedClock();
  const ask = async (times: number) => {
    const before = rig.counters.get("requests_malformed");
    for (const _ of range(times)) await raw.send("?");
    const answered = () => rig.counters.get("requests_malformed") - before;
    await eventually("all is answered, or it is closed", () => answered() === times || rig.server.online === 0);
    clock.advance(10_000); // so many a second may come
  };
  await ask(500);
  assertEquals(rig.server.online, 1);
  while (rig.server.online > 0 && rig.counters.get("requests_malformed") < 5000) await ask(100);
  assertEquals(rig.counters.get("client_answers_ignored"), 1);
});
