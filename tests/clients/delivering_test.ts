import { assert, assertEquals } from "@std/assert";
import { client, numbered, numberOf, range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { ShiftedClock } from "./shifted_clock.ts";
import type { TestClient } from "../support/test_client.ts";
import { Opcode } from "../bench/load/websocket_frames.ts";
import { ClientsRig } from "./clients_rig.ts";

const acknowledge = (client: TestClient, frames: number) => client.send(JSON.stringify({ type: "received", frames }));

async function receive(client: TestClient, count: number): Promise<number[]> {
  return (await client.messages(count)).map(numberOf);
}

Deno.test("the answer to a login comes before stored messages, which come in order, and live ones after them", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(2000));
  await using bob = await rig.logIn(1); // its first frame must be the answer
  await rig.store(1, range(100, 2000));
  assertEquals(await receive(bob, 2100), range(2100));
  await rig.store(2, [1]);
  await rig.store(1, [2100]);
  assertEquals(await receive(bob, 1), [2100]);
});

Deno.test("messages of all sizes arrive unchanged", async () => {
  await using rig = await ClientsRig.start();
  await using bob = await rig.logIn(1);
  for (const size of [4, 975, 5]) await rig.store(1, [7], size);
  for (const size of [4, 975, 5]) assertEquals(await bob.message(), numbered(7, size));
});

Deno.test("messages that arrive while the inbox is drained are neither lost nor reordered", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(5000));
  const bob = await rig.logIn(1);
  const arriving = (async () => {
    for (const from of range(50)) await rig.store(1, range(20, 5000 + 20 * from));
  })();
  assertEquals(await receive(bob, 6000), range(6000));
  await arriving;
  await bob[Symbol.asyncDispose]();
});

Deno.test("a nudge in any turn around the end of a drain is not missed", async () => {
  await using rig = await ClientsRig.start();
  const openInbox = rig.mailbox.openInbox.bind(rig.mailbox);
  let turns = 0;
  rig.mailbox.openInbox = (id, nudge) => {
    const reader = openInbox(id, nudge);
    const next = reader.next.bind(reader);
    let withheld: Awaited<ReturnType<typeof next>> = [];
    reader.next = async () => {
      if (withheld.length > 0) return withheld.splice(0);
      withheld = await next();
      if (withheld.length > 0) { // as if they arrived right after this read, a few turns before their nudge
        void (async () => {
          for (let i = 0; i < turns; i++) await undefined;
          nudge();
        })();
      }
      return [];
    };
    return reader;
  };
  await using bob = await rig.logIn(1);
  for (turns = 0; turns < 15; turns++) {
    await rig.store(1, [turns]);
    assertEquals(await receive(bob, 1), [turns]);
  }
});

Deno.test("acknowledged messages are removed, and the others are pushed again", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(10));
  {
    await using bob = await rig.logIn(1, true);
    assertEquals(await receive(bob, 10), range(10));
    acknowledge(bob, 0);
    acknowledge(bob, 4);
    acknowledge(bob, 2); // late, so ignored
    await bob.request({ type: "hello" }); // answered once the gateway has read everything before it
  }
  {
    await using bob = await rig.logIn(1, true);
    assertEquals(await receive(bob, 6), range(6, 4));
    await rig.store(1, [10]);
    assertEquals(await receive(bob, 1), [10]);
    acknowledge(bob, 1000);
    await bob.request({ type: "hello" });
  }
  await rig.mailbox.flush();
  assertEquals(rig.mailbox.totals.messages, 0);
  await using bob = await rig.logIn(1, true);
  await rig.store(1, [11]);
  assertEquals(await receive(bob, 1), [11]);
});

Deno.test("for a client that announces acknowledgements at login, only they confirm messages", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(10));
  {
    await using bob = await rig.logIn(1, true);
    assertEquals(await receive(bob, 10), range(10)); // a pong would confirm all of them
    await rig.pinged();
    acknowledge(bob, 4);
    await bob.request({ type: "hello" }); // answered once the gateway has read everything before it
  }
  await using bob = await rig.logIn(1);
  assertEquals(await receive(bob, 6), range(6, 4));
});

Deno.test("after a reset all messages are pushed again, however long ago they were pushed", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(5));
  {
    using clock = new ShiftedClock();
    using bob = await rig.connectRaw();
    await bob.send(rig.authentication(1));
    await bob.frameArrived();
    await eventually("all messages are pushed", () => rig.counters.get("messages_pushed") === 5);
    await rig.pinged();
    clock.advance(10_000);
  } // with messages unread, so that the connection is reset
  await eventually("the reset is noticed", () => rig.server.online === 0);
  await using bob = await rig.logIn(1);
  assertEquals(await receive(bob, 5), range(5));
});

Deno.test("a client that ends its half of the connection gets unread messages again", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(5));
  using clock = new ShiftedClock();
  using half = await rig.connectRaw();
  await half.send(rig.authentication(1));
  await half.frameArrived();
  await eventually("all messages are pushed", () => rig.counters.get("messages_pushed") === 5);
  await rig.pinged();
  clock.advance(10_000);
  await half.connection.closeWrite();
  await eventually("the end is noticed", () => rig.server.online === 0);
  await using bob = await rig.logIn(1);
  assertEquals(await receive(bob, 5), range(5));
});

Deno.test("messages that a 0.7.0 client has read are confirmed when it answers a ping", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(5));
  await using bob = await rig.logIn(1);
  assertEquals(await receive(bob, 5), range(5));
  await eventually("they are confirmed", () => rig.mailbox.totals.messages === 0);
  await rig.store(1, [5]);
  assertEquals(await receive(bob, 1), [5]);
  await eventually("the new message is confirmed too", () => rig.mailbox.totals.messages === 0);
});

Deno.test("a client is asked for what it has read right behind its messages, but not behind each", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, [1, 2]);
  using raw = await rig.connectRaw();
  await raw.send(rig.authentication(1));
  await raw.frameOf(Opcode.TEXT);
  const opcodes: number[] = [];
  for (const _ of range(3)) opcodes.push((await raw.frame())!.opcode);
  assertEquals(opcodes, [Opcode.BINARY, Opcode.BINARY, Opcode.PING]);
  await rig.store(1, [3, 4]);
  for (const _ of range(2)) assertEquals((await raw.frame())!.opcode, Opcode.BINARY); // one ping is still unanswered
});

Deno.test("for a slow reader that keeps sending, only the messages that it has read are confirmed", async () => {
  const count = 4000; // they all fit into the system's buffers
  for (const isClosed of [false, true]) {
    await using rig = await ClientsRig.start({}, { slowClientBytes: 262_144 });
    using clock = new ShiftedClock();
    await rig.store(1, range(count), 975);
    const slow = await rig.connectRaw();
    slow.answersPings = true;
    await slow.send(rig.authentication(1));
    await eventually("all messages are pushed", () => rig.counters.get("messages_pushed") === count);
    let read = 0;
    for (const _ of range(20)) {
      read += (await slow.messages(50)).length;
      const heard = rig.counters.get("requests_malformed");
      await slow.send("a sign of life");
      clock.advance(5000);
      await eventually("the request arrives", () => rig.counters.get("requests_malformed") > heard);
    }
    await eventually("some messages are confirmed", () => rig.mailbox.totals.messages < count);
    if (isClosed) {
      await slow.connection.write(Uint8Array.of(0x88, 0x80, 0, 0, 0, 0)); // a close frame
      await eventually("the close frame is noticed", () => rig.server.online === 0);
    }
    slow[Symbol.dispose]();
    await eventually("the end is noticed", () => rig.server.online === 0);
    await rig.mailbox.flush();
    const confirmed = count - rig.mailbox.totals.messages;
    assert(confirmed > read / 2 && confirmed <= read, `${confirmed} confirmed, ${read} read`);
  }
});

Deno.test("a newer login gets what the older one had not confirmed, and the older one can confirm no more", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(10));
  await using older = await rig.logIn(1, true);
  await older.messages(10);
  acknowledge(older, 3);
  await older.request({ type: "hello" });
  await using newer = await rig.logIn(1, true);
  acknowledge(older, 10);
  assertEquals((await older.closed).code, 4001);
  assertEquals(await receive(newer, 7), range(7, 3));
  await rig.mailbox.flush();
  await rig.store(1, [10]);
  assertEquals(await receive(newer, 1), [10]);
  assertEquals(rig.mailbox.totals.messages > 0, true);
});

Deno.test("after a series of logins while messages arrive, the last one gets all unacknowledged messages in order", async () => {
  await using rig = await ClientsRig.start();
  const clients: TestClient[] = [];
  for (const turn of range(20)) {
    void rig.store(1, range(50, 50 * turn));
    clients.push(await rig.logIn(1, true));
  }
  const last = clients.at(-1)!;
  assertEquals(await receive(last, 1000), range(1000));
  for (const client of clients) await client[Symbol.asyncDispose]();
});

Deno.test("an unstored message is pushed to a connected client, and counts as a frame", async () => {
  await using rig = await ClientsRig.start();
  const cover = new TextEncoder().encode("The cake is a lie!");
  const id = client(1);
  assertEquals(rig.server.pushUnstored(id, cover), false);
  await using bob = await rig.logIn(1, true);
  assertEquals(rig.server.pushUnstored(id, cover), true);
  assertEquals(await bob.message(), cover);
  await rig.store(1, [1, 2]);
  await bob.messages(2);
  acknowledge(bob, 2);
  await bob.request({ type: "hello" });
  await using again = await rig.logIn(1, true);
  assertEquals(await receive(again, 1), [2]);
});

Deno.test("a slow client that resumes reading gets every message once and in order, including those that arrived meanwhile", async () => {
  await using rig = await ClientsRig.start();
  using slow = await rig.connectRaw();
  await slow.send(rig.authentication(1));
  await eventually("it is online", () => rig.server.online === 1);
  const count = 12_000; // more than the system's buffers hold
  for (const from of range(count / 1000)) await rig.store(1, range(1000, 1000 * from), 975);
  await eventually("it is slow", () => rig.counters.get("clients_slow") > 0);
  await rig.store(1, range(1000, count), 975);
  const read = await slow.messages(count + 1000);
  assertEquals(read.map(numberOf), range(count + 1000));
  await rig.store(1, [count + 1000]);
  assertEquals((await slow.messages(1)).map(numberOf), [count + 1000]);
});

Deno.test("a client that never reads delays no other client, and is pushed only what the buffers hold", async () => {
  await using rig = await ClientsRig.start();
  const stuck = await rig.connectRaw();
  await stuck.send(rig.authentication(1));
  await eventually("it is online", () => rig.server.online === 1);
  await using bob = await rig.logIn(2);
  const count = 40_000;
  for (const from of range(count / 1000)) {
    await rig.store(1, range(1000, 1000 * from), 975);
    await rig.store(2, [from]);
    assertEquals(await receive(bob, 1), [from]);
  }
  assert(rig.counters.get("messages_pushed") < count / 2);
  let covers = 0;
  while (rig.server.pushUnstored(client(1), numbered(0)) && covers < count) covers++;
  assert(covers < count);
  stuck[Symbol.dispose]();
  await eventually("its end is noticed", () => rig.server.online === 1);
  await using reading = await rig.logIn(1); // gets all of them
  assertEquals(await receive(reading, count), range(count));
});
