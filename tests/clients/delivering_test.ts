import { assert, assertEquals } from "@std/assert";
import { client, numbered, numberOf, range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { ShiftedClock } from "../support/shifted_clock.ts";
import type { TestClient } from "../support/test_client.ts";
import { ClientsRig } from "./clients_rig.ts";

/** Long enough for the server to have looked at its clients (every 250 ms): no condition says that nothing is confirmed. */
const TWO_LOOKS = 600;

const acknowledge = (client: TestClient, frames: number) => client.send(JSON.stringify({ type: "received", frames }));

async function receive(client: TestClient, count: number): Promise<number[]> {
  return (await client.messages(count)).map(numberOf);
}

Deno.test("the answer to a login comes before stored messages, which come in order, and live ones after them", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(2000));
  await using bob = await rig.logIn(1); // its first frame has to be the answer
  await rig.store(1, range(100, 2000));
  assertEquals(await receive(bob, 2100), range(2100));
  await rig.store(2, [1]);
  await rig.store(1, [2100]);
  assertEquals(await receive(bob, 1), [2100]);
});

Deno.test("messages of all sizes arrive as they are", async () => {
  await using rig = await ClientsRig.start();
  await using bob = await rig.logIn(1);
  for (const size of [4, 975, 5]) await rig.store(1, [7], size);
  for (const size of [4, 975, 5]) assertEquals(await bob.message(), numbered(7, size));
});

Deno.test("messages that come while the inbox is drained are neither lost nor out of order", async () => {
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

Deno.test("a nudge in any turn around the end of a drain is heard", async () => {
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
      if (withheld.length > 0) { // as if it came right after this read, a few turns before its nudge
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

Deno.test("what the client acknowledges is gone, what it does not comes again", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(10));
  {
    await using bob = await rig.logIn(1, true);
    assertEquals(await receive(bob, 10), range(10));
    acknowledge(bob, 0);
    acknowledge(bob, 4);
    acknowledge(bob, 2); // late, and no news
    await bob.request({ type: "hello" }); // answered once the gateway has read all before it
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

Deno.test("of who says at the login that he acknowledges, nothing else counts, from the first message on", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(10));
  {
    await using bob = await rig.logIn(1, true);
    assertEquals(await receive(bob, 10), range(10)); // as pings would tell
    await new Promise((resolve) => setTimeout(resolve, TWO_LOOKS));
    acknowledge(bob, 4);
    await bob.request({ type: "hello" }); // answered once the gateway has read all before it
  }
  await using bob = await rig.logIn(1);
  assertEquals(await receive(bob, 6), range(6, 4));
});

Deno.test("after a reset all comes again, however long ago it was pushed", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(5));
  {
    using clock = new ShiftedClock();
    using bob = await rig.connectRaw();
    await bob.send(rig.authentication(1));
    await bob.frameArrived();
    await eventually("all is pushed", () => rig.counters.get("messages_pushed") === 5);
    await new Promise((resolve) => setTimeout(resolve, TWO_LOOKS));
    clock.advance(10_000);
  } // with messages unread, so that the connection is reset
  await eventually("the reset is noticed", () => rig.server.online === 0);
  await using bob = await rig.logIn(1);
  assertEquals(await receive(bob, 5), range(5));
});

Deno.test("who ends his half of the connection and has not read all gets it again", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(5));
  using clock = new ShiftedClock();
  using half = await rig.connectRaw();
  await half.send(rig.authentication(1));
  await half.frameArrived();
  await eventually("all is pushed", () => rig.counters.get("messages_pushed") === 5);
  await new Promise((resolve) => setTimeout(resolve, TWO_LOOKS));
  clock.advance(10_000);
  await half.connection.closeWrite();
  await eventually("the end is noticed", () => rig.server.online === 0);
  await using bob = await rig.logIn(1);
  assertEquals(await receive(bob, 5), range(5));
});

Deno.test("what a client of 0.7.0 has read is confirmed, as it answers pings", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(5));
  await using bob = await rig.logIn(1);
  assertEquals(await receive(bob, 5), range(5));
  await eventually("it is confirmed", () => rig.mailbox.totals.messages === 0);
  await rig.store(1, [5]);
  assertEquals(await receive(bob, 1), [5]);
  await eventually("that is confirmed too", () => rig.mailbox.totals.messages === 0);
});

Deno.test("of a client that reads slowly, and says as much as it likes, only what it has read is confirmed", async () => {
  const count = 4000; // all of it fits into the system's buffers
  for (const isClosed of [false, true]) {
    await using rig = await ClientsRig.start({}, { slowClientBytes: 262_144 });
    using clock = new ShiftedClock();
    await rig.store(1, range(count), 975);
    const slow = await rig.connectRaw();
    slow.answersPings = true;
    await slow.send(rig.authentication(1));
    await eventually("all is pushed", () => rig.counters.get("messages_pushed") === count);
    let read = 0;
    for (const _ of range(20)) {
      read += (await slow.messages(50)).length;
      const heard = rig.counters.get("requests_malformed");
      await slow.send("a sign of life");
      clock.advance(5000);
      await eventually("it is heard", () => rig.counters.get("requests_malformed") > heard);
    }
    await eventually("some is confirmed", () => rig.mailbox.totals.messages < count);
    if (isClosed) {
      await slow.connection.write(Uint8Array.of(0x88, 0x80, 0, 0, 0, 0)); // a close frame
      await eventually("that is noticed", () => rig.server.online === 0);
    }
    slow[Symbol.dispose]();
    await eventually("the end is noticed", () => rig.server.online === 0);
    await rig.mailbox.flush();
    const confirmed = count - rig.mailbox.totals.messages;
    assert(confirmed > read / 2 && confirmed <= read, `${confirmed} are confirmed, ${read} were read`);
  }
});

Deno.test("a newer login gets what the older one had not confirmed, and voids its confirmations", async () => {
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

Deno.test("logins that chase each other while messages come: the last one has all that no one acknowledged, in order", async () => {
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

Deno.test("a message that is not stored is pushed to who is there, and counts as a frame", async () => {
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

Deno.test("a client that reads on after it was slow gets all of it, once and in order, and what came meanwhile too", async () => {
  await using rig = await ClientsRig.start();
  using slow = await rig.connectRaw();
  await slow.send(rig.authentication(1));
  await eventually("it is there", () => rig.server.online === 1);
  const count = 12_000; // more than the system's buffers take
  for (const from of range(count / 1000)) await rig.store(1, range(1000, 1000 * from), 975);
  await eventually("it is slow", () => rig.counters.get("clients_slow") > 0);
  await rig.store(1, range(1000, count), 975);
  const read = await slow.messages(count + 1000);
  assertEquals(read.map(numberOf), range(count + 1000));
  await rig.store(1, [count + 1000]);
  assertEquals((await slow.messages(1)).map(numberOf), [count + 1000]);
});

Deno.test("a client that never reads holds up nobody, and gets no more than its buffers hold", async () => {
  await using rig = await ClientsRig.start();
  const stuck = await rig.connectRaw();
  await stuck.send(rig.authentication(1));
  await eventually("it is there", () => rig.server.online === 1);
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
  await using reading = await rig.logIn(1); // which has all of it
  assertEquals(await receive(reading, count), range(count));
});
