import { assert, assertEquals } from "@std/assert";
import { NO_LIMITS } from "../../src/mailbox/limits.ts";
import type { Inbox } from "../../src/mailbox/message_store.ts";
import { eventually } from "../support/eventually.ts";
import { Postgresql, SKIPPED } from "../support/postgresql.ts";
import { Random } from "../support/random.ts";
import { client, numbered, numberOf, range, readAll, readNumbers } from "./messages.ts";
import { embedded, inPostgresql, type Place } from "./stores.ts";

const ignore = () => {};

/** What both stores promise (message_store.ts). */
const PROMISES: Record<string, (place: Place) => Promise<void>> = {
  "messages come out as they went in, each client's in order": async (place) => {
    await using store = await place.open();
    for (const n of range(300)) store.store(client(n % 3), numbered(n));
    await store.flush();
    for (const c of range(3)) {
      const messages = await readAll(store.openInbox(client(c), ignore, ignore));
      assertEquals(messages.map(({ message }) => message), range(100).map((i) => numbered(3 * i + c)));
      assert(messages.every(({ sequence }, i) => i === 0 || sequence > messages[i - 1]!.sequence));
    }
    assertEquals(await store.openInbox(client(3), ignore, ignore).next(), []);
  },

  "messages of no length and of the largest size": async (place) => {
    await using store = await place.open();
    const sizes = [0, 4, 0, ...range(40).map(() => 1000)];
    for (const size of sizes) store.store(client(1), new Uint8Array(size));
    await store.flush();
    const messages = await readAll(store.openInbox(client(1), ignore, ignore));
    assertEquals(messages.map(({ message }) => message.length), sizes);
  },

  "what is committed is there after a restart, until it is confirmed": async (place) => {
    {
      await using store = await place.open();
      for (const n of range(10)) store.store(client(1), numbered(n));
      await store.flush();
      await readAll(store.openInbox(client(1), ignore, ignore));
    }
    {
      await using store = await place.open();
      const reader = store.openInbox(client(1), ignore, ignore);
      const messages = await readAll(reader);
      assertEquals(messages.map(({ message }) => numberOf(message)), range(10));
      reader.confirm(messages[3]!.sequence); // in the middle of a chunk
      await store.flush();
    }
    {
      await using store = await place.open();
      store.store(client(1), numbered(10));
      const reader = store.openInbox(client(1), ignore, ignore);
      await store.flush();
      const messages = await readAll(reader);
      assertEquals(messages.map(({ message }) => numberOf(message)), range(7, 4));
      reader.confirm(messages.at(-1)!.sequence);
      await store.flush();
    }
    await using store = await place.open();
    assertEquals(await readNumbers(store.openInbox(client(1), ignore, ignore)), []);
    await eventually("the totals know", () => store.totals.messages === 0 && store.totals.bytes === 0);
  },

  "a client that is online gets what comes, once and in order": async (place) => {
    await using store = await place.open();
    const got: number[] = [];
    let last = 0;
    let reading: Promise<void> | undefined;
    const read = async () => {
      for (let some = await reader.next(); some.length > 0; some = await reader.next()) {
        for (const { message, sequence } of some) {
          got.push(numberOf(message));
          last = sequence;
        }
      }
      reading = undefined;
    };
    const nudge = () => {
      for (let next = reader.take(); next !== undefined; next = reader.take()) {
        got.push(numberOf(next.message));
        last = next.sequence;
      }
      if (reader.isBehind) reading ??= read();
    };
    const reader: Inbox = store.openInbox(client(1), () => reading ?? nudge(), ignore);
    for (const n of range(200)) {
      store.store(client(1), numbered(n));
      if (n % 20 === 0) await store.flush();
      if (n % 50 === 0) reader.confirm(last);
    }
    await store.flush();
    await eventually("all have come", () => got.length >= 200 && reading === undefined);
    assertEquals(got, range(200));
  },

  "the newest login wins": async (place) => {
    await using store = await place.open();
    for (const n of range(5)) store.store(client(1), numbered(n));
    await store.flush();
    const older = store.openInbox(client(1), ignore, ignore);
    const messages = await readAll(older);
    const newer = store.openInbox(client(1), ignore, ignore);
    older.confirm(messages.at(-1)!.sequence);
    assertEquals(await older.next(), []);
    assertEquals(await readNumbers(newer), range(5));
    await store.flush();
    assertEquals(await readNumbers(store.openInbox(client(1), ignore, ignore)), range(5));
  },

  "what a login has confirmed does not come back at the next": async (place) => {
    await using store = await place.open();
    for (const n of range(5)) store.store(client(1), numbered(n));
    await store.flush();
    const older = store.openInbox(client(1), ignore, ignore);
    older.confirm((await readAll(older))[2]!.sequence);
    assertEquals(await readNumbers(store.openInbox(client(1), ignore, ignore)), [3, 4]);
  },

  "a message has the same number at every login, and no other message gets it": async (place) => {
    const numbers = new Map<number, number>(); // of messages
    for (const login of range(6)) {
      await using store = await place.open();
      for (const _ of range(2)) {
        const reader = store.openInbox(client(1), ignore, ignore);
        store.store(client(1), numbered(numbers.size));
        if (login % 2 === 0) store.store(client(2), numbered(0)); // two inboxes may use the same number
        await store.flush();
        const messages = await readAll(reader);
        for (const { message, sequence, number = sequence } of messages) {
          assertEquals(numbers.get(numberOf(message)) ?? number, number);
          numbers.set(numberOf(message), number);
        }
        if (login > 2) reader.confirm(messages[login - 3]!.sequence);
        await store.flush();
      }
    }
    assertEquals([numbers.size, new Set(numbers.values()).size], [12, 12]);
  },

  "what is given back is handed out again": async (place) => {
    await using store = await place.open();
    for (const n of range(6)) store.store(client(1), numbered(n));
    await store.flush();
    const reader = store.openInbox(client(1), ignore, ignore);
    const messages = await readAll(reader);
    reader.giveBack(messages[1]!.sequence);
    assertEquals(await readNumbers(reader), range(4, 2));
    reader.confirm(messages[4]!.sequence);
    await store.flush();
    assertEquals(await readNumbers(store.openInbox(client(1), ignore, ignore)), [5]);
  },

  "limits hold, and what was there stays": async (place) => {
    const counts: Record<string, number> = {};
    const count = (name: string, n = 1) => counts[name] = (counts[name] ?? 0) + n;
    await using store = await place.open({ ...NO_LIMITS, inboxMessages: 10, inboxBytes: 320 }, count);
    for (const n of range(30)) store.store(client(1), numbered(n, 16));
    for (const n of range(9)) store.store(client(2), numbered(n, 40));
    for (const n of range(10)) store.store(client(3), numbered(n, 8));
    await store.flush();
    for (const n of range(5)) store.store(client(1), numbered(n, 16));
    await store.flush();
    assertEquals(counts["messages_refused_inbox_full"], 26);
    const reader = store.openInbox(client(1), ignore, ignore);
    const messages = await readAll(reader);
    assertEquals(messages.map(({ message }) => numberOf(message)), range(10));
    assertEquals(await readNumbers(store.openInbox(client(2), ignore, ignore)), range(8));
    assertEquals(await readNumbers(store.openInbox(client(3), ignore, ignore)), range(10));
    reader.confirm(messages.at(-1)!.sequence);
    await store.flush();
    await eventually("there is room again", () => store.store(client(1), numbered(99, 16)));
    await store.flush();
    assertEquals(await readNumbers(reader), [99]);
  },

  "nothing that is written says what a message is or whose": async (place) => {
    const message = crypto.getRandomValues(new Uint8Array(64));
    const address = crypto.getRandomValues(new Uint8Array(32)).toHex();
    {
      await using store = await place.open();
      store.store(address as ReturnType<typeof client>, message);
    }
    const dump = await place.dump();
    assert(dump.length > 200, "it has been written");
    assert(!dump.includes(message.subarray(0, 16).toHex()) && !dump.includes(address.slice(0, 16)));
  },

  "whatever happens, each client gets its messages in order, and nothing that it has confirmed": async (place) => {
    const random = new Random(16);
    let stored = 0;
    const owed = new Map<number, number[]>(range(3).map((c) => [c, []]));
    for (const _ of range(6)) { // restarts
      await using store = await place.open();
      const readers = new Map<number, Inbox>();
      for (const _ of range(25)) {
        const c = random.below(3);
        const waits = owed.get(c)!;
        const step = random.below(10);
        if (step < 5) {
          for (const _ of range(1 + random.below(30))) {
            waits.push(stored);
            store.store(client(c), numbered(stored++));
          }
        } else if (step < 7 || readers.get(c) === undefined) readers.set(c, store.openInbox(client(c), ignore, ignore));
        else {
          const reader = readers.get(c)!;
          await store.flush();
          reader.giveBack(0);
          const messages = await readAll(reader);
          assertEquals(messages.map(({ message }) => numberOf(message)), waits);
          const count = random.below(messages.length + 1);
          if (count === 0) continue;
          reader.confirm(messages[count - 1]!.sequence);
          waits.splice(0, count);
          await store.flush();
        }
      }
    }
  },
};

for (const [name, promise] of Object.entries(PROMISES)) {
  Deno.test(`embedded: ${name}`, async () => {
    using place = embedded();
    await promise(place);
  });
}

Deno.test({
  name: "PostgreSQL keeps the same promises as the embedded store",
  ignore: SKIPPED,
  fn: async (t) => {
    await using cluster = await Postgresql.start();
    for (const [name, promise] of Object.entries(PROMISES)) {
      await t.step(name, async () => {
        using place = await inPostgresql(cluster);
        await promise(place);
      });
    }
  },
});
