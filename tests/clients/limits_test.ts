import { assertEquals } from "@std/assert";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { encodeNodeAddress } from "../../src/sphinx/node_address.ts";
import { client, range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { ShiftedClock } from "./shifted_clock.ts";
import { RawClient } from "../support/raw_client.ts";
import { ClientsRig } from "./clients_rig.ts";

Deno.test("when its network's places, or all places, are taken, a login evicts the session that has been idle longest", async () => {
  for (const limits of [{ clientConnectionsPerNetwork: 2 }, { clientConnections: 2 }]) {
    await using rig = await ClientsRig.start({}, limits);
    await using busy = await rig.logIn(1);
    const idle = await rig.logIn(2);
    busy.send(new Uint8Array(3)); // it logged in first, but is active now
    await busy.answer();
    await using next = await rig.logIn(3);
    assertEquals((await idle.closed).reason, "evicted because it was idle longest");
    assertEquals(rig.counters.get("client_sessions_evicted"), 1);
    await rig.store(1, [1]);
    await rig.store(3, [3]);
    await Promise.all([busy.message(), next.message()]);
    await using again = await rig.logIn(2); // no login is refused
    await rig.store(2, [2]);
    await again.message();
    assertEquals(rig.server.online, 2);
  }
});

Deno.test("connections without a login evict no session", async () => {
  await using rig = await ClientsRig.start({}, { clientConnections: 1, clientConnectionsPerNetwork: 1 });
  await using member = await rig.logIn(1);
  const strangers = await Promise.all(range(10).map(() => rig.connect()));
  await rig.store(1, [1]);
  await member.message();
  assertEquals(rig.counters.get("client_sessions_evicted"), 0);
  for (const stranger of strangers) await stranger[Symbol.asyncDispose]();
});

Deno.test("half of the places are reserved for clients that registered long ago", async () => {
  await using rig = await ClientsRig.start({}, { clientConnections: 4 });
  for (const n of [1, 2, 3]) rig.oldClients.add(client(n));
  const old = [await rig.logIn(1), await rig.logIn(2)];
  for (const n of range(10, 11)) await rig.logIn(n);
  assertEquals(rig.counters.get("client_sessions_evicted"), 8);
  for (const [i, each] of old.entries()) {
    await rig.store(i + 1, [i]);
    await each.message();
  }
  await using third = await rig.logIn(3); // evicts one with the same standing
  assertEquals((await old[0]!.closed).reason, "evicted because it was idle longest");
  await rig.store(3, [3]);
  await third.message();
});

Deno.test("this machine has the limits of 32 networks, unless limit_loopback is set", async () => {
  const limits = { clientConnections: 3, clientConnectionsPerNetwork: 1, limitLoopback: false };
  await using rig = await ClientsRig.start({}, limits);
  const clients = await Promise.all(range(3).map((n) => rig.logIn(n)));
  assertEquals(rig.server.online, 3);
  await using _fourth = await rig.logIn(4);
  await eventually("one was evicted", () => rig.server.online === 3);
  for (const client of clients) await client[Symbol.asyncDispose]();
});

Deno.test("a new connection evicts the oldest unauthenticated one, and never an authenticated one", async () => {
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

Deno.test("web pages open on this machine are limited as one network, other programs on it as 32", async () => {
  const limits = { limitLoopback: false, registrationsPerHourPerNetwork: 2, clientConnectionsPerNetwork: 1000 };
  await using rig = await ClientsRig.start({}, limits);
  let asked = 0;
  const registers = async (...headers: string[]) => {
    using client = await RawClient.connect(rig.server.address, ...headers);
    const before = rig.counters.get("registrations");
    await client.send(rig.registration(++asked));
    await client.frameArrived();
    return rig.counters.get("registrations") > before;
  };
  const origins = ["https://evil.example", "http://127.0.0.1:8000", "null", "file://"];
  const ofPages = [];
  for (const origin of origins) ofPages.push(await registers(`origin: ${origin}`));
  assertEquals(ofPages, [true, true, false, false]);
  const others = [];
  for (const _ of range(64)) others.push(await registers());
  assertEquals(others, Array(64).fill(true));
  assertEquals(await registers(), false); // this machine counts as 32 networks
  const forging = [];
  for (const header of ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1"]) {
    forging.push(await registers("origin: https://app.example", header), await registers(header));
  }
  assertEquals(forging, Array(4).fill(false));
});

Deno.test("a client that sends too many frames is disconnected", async () => {
  await using rig = await ClientsRig.start({}, { framesPerSecond: 50 });
  await using client = await rig.logIn(1);
  const request = new Uint8Array(7 + PACKET_SIZE);
  request.set(encodeNodeAddress({ host: "10.0.0.1", port: 1789 }));
  for (const _ of range(150)) client.send(request);
  await client.closed;
  assertEquals(rig.counters.get("client_floods_closed"), 1);
});

Deno.test("answers to the gateway's pings do not count towards a client's frames", async () => {
  await using rig = await ClientsRig.start({}, { framesPerSecond: 2, slowClientBytes: 262_144 });
  const count = 4000; // it is asked every 128 KiB
  await rig.store(1, range(count), 975);
  await using client = await rig.logIn(1);
  await client.messages(count);
  await eventually("all messages are confirmed", () => rig.mailbox.totals.messages === 0);
  assertEquals(rig.counters.get("client_floods_closed"), 0);
});

Deno.test("a client that keeps sending requests and reads no answer is disconnected", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(12_000), 975); // more than the system's buffers hold
  using raw = await rig.connectRaw();
  await raw.send(rig.authentication(1));
  await eventually("it reads nothing", () => rig.counters.get("clients_slow") > 0);
  using clock = new ShiftedClock();
  const ask = async (times: number) => {
    const before = rig.counters.get("requests_malformed");
    for (const _ of range(times)) await raw.send("?");
    const answered = () => rig.counters.get("requests_malformed") - before;
    await eventually(
      "all requests are answered, or it is closed",
      () => answered() === times || rig.server.online === 0,
    );
    clock.advance(10_000); // refills its allowance of frames
  };
  await ask(500);
  assertEquals(rig.server.online, 1);
  while (rig.server.online > 0 && rig.counters.get("requests_malformed") < 5000) await ask(100);
  assertEquals(rig.counters.get("client_answers_ignored"), 1);
});

Deno.test("a client whose answer to its login is one too many to be left unread is not online", async () => {
  await using rig = await ClientsRig.start({}, { slowClientBytes: -131_072 }); // with it no answer may be unread
  await using client = await rig.connect();
  client.send(JSON.stringify(rig.authentication(1)));
  await client.closed;
  assertEquals(rig.counters.get("authentications"), 1);
  assertEquals(rig.counters.get("client_answers_ignored"), 1);
  assertEquals(rig.server.online, 0);
});

Deno.test("clients that ask for challenges at once each get one, and the same when they ask again meanwhile", async () => {
  await using rig = await ClientsRig.start();
  const clients = await Promise.all(range(10).map(() => rig.connect()));
  for (const client of clients) for (const _ of range(2)) client.send(JSON.stringify({ type: "challenge" }));
  const nonces = new Set<string>();
  for (const client of clients) {
    const challenge = await client.answer() as Record<string, string>;
    assertEquals(await client.answer(), challenge);
    nonces.add(challenge["nonce"]!);
    await client[Symbol.asyncDispose]();
  }
  assertEquals(nonces.size, 10);
});
