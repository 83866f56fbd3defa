import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type ConversationClient,
  ConversationError,
  type ConversationEvent,
  type ConversationOptions,
  Conversations,
} from "../../src/conversation/mod.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { Inbox } from "../../src/peap/inbox.ts";
import { bytesOf } from "../../src/peap/message_bytes.ts";
import { MemoryStore, PeapError, ReceivedMessage } from "../../src/peap/mod.ts";
import { Random } from "../support/random.ts";

const random = new Random(21);

/** Clients that reach each other directly. */
class Clients {
  readonly #inboxes = new Map<string, Inbox>();

  connect(address = `${encodeBase58(random.bytes(32))}@${encodeBase58(random.bytes(32))}`) {
    const inbox = new Inbox();
    this.#inboxes.set(address, inbox);
    const client: ConversationClient = {
      address,
      send: (to, data) => {
        this.#inboxes.get(to)?.put({ data: bytesOf(data), id: "", origins: [] });
        return Promise.resolve();
      },
      close: () => Promise.resolve(inbox.end()),
      async *[Symbol.asyncIterator]() {
        for (let next = await inbox.take(); next; next = await inbox.take()) yield new ReceivedMessage(next.data, "");
      },
    };
    return { client, fail: (error: Error) => inbox.end(error) };
  }
}

/** The first event of that type. */
async function next(conversations: Conversations, type: ConversationEvent["type"]): Promise<ConversationEvent> {
  for await (const event of conversations) if (event.type === type) return event;
  throw new Error(`it ended before anything of type ${type}`);
}

Deno.test("a message that was not taken is reported again by the next open, with the same id", async () => {
  const clients = new Clients();
  const store = new MemoryStore();
  const { client } = clients.connect();
  await using alice = await Conversations.open(clients.connect().client, { store: new MemoryStore() });
  const bob = await Conversations.open(client, { store });
  const peer = await alice.accept(await bob.invite("https://chat.example/"));
  const id = await alice.send(peer, "hello");
  assertEquals(await next(alice, "arrived"), { type: "arrived", peer, id });
  await bob.close(); // which has not been asked for it
  await assertRejects(() => bob.send(alice.id, "late"), ConversationError, "closed");

  const again = await Conversations.open(clients.connect(client.address).client, { store });
  assertEquals(again.id, peer);
  assertEquals(await next(again, "message"), { type: "message", peer: alice.id, id, data: bytesOf("hello") });
  assertEquals(again.peers, [{ id: alice.id, isPaired: true, waiting: 0 }]);
  await again.close();
  assertEquals((await store.keys("conversation/in/")).length, 0); // the loop above has ended, so it was taken

  await using last = await Conversations.open(clients.connect(client.address).client, { store });
  await last.forget(alice.id);
  assertEquals(await store.keys(""), ["conversation/self"]);
  assertThrows(() => last.safetyNumber(alice.id), ConversationError, "no conversation");
});

Deno.test("nothing leaves before it is stored; a store that fails ends everything, and says why", async () => {
  const clients = new Clients();
  await using alice = await Conversations.open(clients.connect().client, { store: new MemoryStore() });
  const store = new MemoryStore();
  let isFull = false;
  const write = (changes: ReadonlyMap<string, Uint8Array | undefined>) =>
    isFull ? Promise.reject(new Error("disk full")) : store.write(changes);
  const { client } = clients.connect();
  let sent = 0;
  const counted: ConversationClient = {
    ...client,
    send: (...args) => {
      sent++;
      return client.send(...args);
    },
  };
  const limited = { get: store.get.bind(store), keys: store.keys.bind(store), write };
  const bob = await Conversations.open(counted, { store: limited });
  const peer = await bob.accept(await alice.invite());
  await next(bob, "paired");
  isFull = true;
  sent = 0;
  await assertRejects(() => bob.send(peer, "hello"), ConversationError, "The store failed");
  assertEquals(sent, 0);
  await assertRejects(() => next(bob, "message"), ConversationError, "The store failed");
  await bob.close();
});

Deno.test("where the store fails at once, the client's messages are left to whoever asks for them", async () => {
  const { client } = new Clients().connect();
  const store = Object.assign(new MemoryStore(), { write: () => Promise.reject(new Error("disk full")) });
  await assertRejects(() => Conversations.open(client, { store }), ConversationError, "The store failed");
  await client.send(client.address, "hello");
  assertEquals((await client[Symbol.asyncIterator]().next()).value?.text(), "hello");
});

Deno.test("when the client fails, the loop throws its error; when it is closed, the loop ends", async () => {
  const { client, fail } = new Clients().connect();
  const failing = await Conversations.open(client, { store: new MemoryStore() });
  fail(new PeapError("superseded", "logged in elsewhere"));
  const error = await assertRejects(() => next(failing, "message"), ConversationError) as ConversationError;
  assertEquals((error.cause as PeapError).kind, "superseded");
  await failing.close();

  const closed = await Conversations.open(new Clients().connect().client, { store: new MemoryStore() });
  const ended = Array.fromAsync(closed);
  await closed.close();
  assertEquals(await ended, []);
});

Deno.test("a bad option is an error that names it, before anything is stored", async () => {
  const store = new MemoryStore();
  const bad = [
    [{ store: new Map() }, TypeError],
    [{ store: undefined }, TypeError],
    [{ resendAfter: NaN }, RangeError],
    [{ resendAfter: 0 }, RangeError],
    [{ resendAfter: "20" }, TypeError],
    [{ clock: Date }, TypeError],
    [{ random: {} }, TypeError],
    [{ resendafter: 1000 }, TypeError],
  ] as const;
  for (const [option, kind] of bad) {
    const options = { store, ...option } as unknown as ConversationOptions;
    await assertRejects(
      () => Conversations.open(new Clients().connect().client, options),
      kind,
      Object.keys(option)[0],
    );
  }
  assertEquals(await store.keys(""), []);
});
