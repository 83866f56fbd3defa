import { assert, assertEquals, assertObjectMatch } from "@std/assert";
import fc from "fast-check";
import { bytesOf, decodeChunk } from "../../src/mailbox/chunk.ts";
import type { StoredMessage } from "../../src/mailbox/fresh.ts";
import type { InboxReader } from "../../src/mailbox/inbox_reader.ts";
import { readJournal } from "../../src/mailbox/journal.ts";
import { CONFIRMED, inboxContext, inboxPrefix } from "../../src/mailbox/keys.ts";
import { Mailbox } from "../../src/mailbox/mailbox.ts";
import { testSealer } from "../support/sealer.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { client, numbered, numberOf, range, readAll } from "./messages.ts";

const CLIENTS = 3;

type Operation =
  | { kind: "store"; client: number; count: number; size: number }
  | { kind: "open" | "close" | "read"; client: number }
  | { kind: "confirm" | "give back"; client: number; share: number }
  | { kind: "flush" | "reopen" };

const anyClient = fc.nat({ max: CLIENTS - 1 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("store" as const),
      client: anyClient,
      count: fc.integer({ min: 1, max: 1500 }),
      size: fc.integer({ min: 4, max: 975 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom("open" as const, "open" as const, "read" as const, "read" as const, "close" as const),
      client: anyClient,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom("confirm" as const, "confirm" as const, "give back" as const),
      client: anyClient,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("flush" as const, "flush" as const, "reopen" as const) }) },
);

/** The model of an inbox. */
class InboxModel {
  /** the numbers of the messages stored and not confirmed, in order */
  left: number[] = [];
  reader: InboxReader | undefined;
  /** what the reader has handed out and has not confirmed */
  handedOut: StoredMessage[] = [];

  open(reader: InboxReader): void {
    this.reader = reader;
    this.handedOut = [];
  }

  read(messages: StoredMessage[]): void {
    const from = this.handedOut.length;
    assertEquals(messages.map(({ message }) => numberOf(message)), this.left.slice(from, from + messages.length));
    this.handedOut.push(...messages);
  }

  confirm(share: number): void {
    const count = Math.ceil(share * this.handedOut.length);
    if (count === 0) return;
    this.reader?.confirm(this.handedOut[count - 1]!.sequence);
    this.handedOut.splice(0, count);
    this.left.splice(0, count);
  }

  giveBack(share: number): void {
    const first = this.handedOut[Math.floor(share * this.handedOut.length)];
    if (first === undefined || this.reader === undefined) return;
    this.reader.giveBack(first.sequence - 1);
    this.handedOut.splice(this.handedOut.indexOf(first));
  }
}

class System {
  readonly inboxes = range(CLIENTS).map(() => new InboxModel());
  #stored = 0;

  constructor(private readonly path: string, public mailbox: Mailbox) {}

  async apply(operation: Operation): Promise<void> {
    if (!("client" in operation)) return await (operation.kind === "flush" ? this.mailbox.flush() : this.reopen());
    const inbox = this.inboxes[operation.client]!;
    switch (operation.kind) {
      case "store":
        for (const n of range(operation.count, this.#stored)) {
          this.mailbox.store(client(operation.client), numbered(n, operation.size));
          inbox.left.push(n);
        }
        this.#stored += operation.count;
        break;
      case "open":
        inbox.open(this.mailbox.openInbox(client(operation.client), () => {}));
        inbox.read(await inbox.reader!.next());
        break;
      case "close":
        inbox.reader?.close();
        inbox.reader = undefined;
        inbox.handedOut = [];
        break;
      case "read":
        if (inbox.reader !== undefined) inbox.read(await inbox.reader.next());
        break;
      case "confirm":
        inbox.confirm(operation.share);
        break;
      case "give back":
        inbox.giveBack(operation.share);
        break;
    }
  }

  async reopen(): Promise<void> {
    await this.mailbox[Symbol.asyncDispose]();
    this.mailbox = await Mailbox.open(this.path, testSealer());
    for (const inbox of this.inboxes) {
      inbox.reader = undefined;
      inbox.handedOut = [];
    }
  }

  /** Compares the whole mailbox with the model. */
  async checkAll(): Promise<void> {
    await this.mailbox.flush();
    assertObjectMatch({ ...this.mailbox.totals }, await this.#onDisk());
    for (const [c, inbox] of this.inboxes.entries()) {
      const reader = this.mailbox.openInbox(client(c), () => {});
      const messages = await readAll(reader);
      assertEquals(messages.map(({ message }) => numberOf(message)), inbox.left);
      if (messages.length > 0) reader.confirm(messages.at(-1)!.sequence);
    }
    await this.mailbox.flush();
    assertObjectMatch({ ...this.mailbox.totals }, { messages: 0, bytes: 0 });
    assertEquals(await this.#onDisk(), { messages: 0, bytes: 0 });
  }

  async #onDisk(): Promise<{ messages: number; bytes: number }> {
    using kv = await Deno.openKv(this.path);
    const sealer = testSealer();
    const sum = { messages: 0, bytes: 0 };
    for (const c of range(CLIENTS)) {
      const pseudonym = sealer.pseudonym(client(c));
      for await (const { key, value } of kv.list<Uint8Array>({ prefix: inboxPrefix(pseudonym) })) {
        const last = key[2] as number;
        if (last === CONFIRMED) continue;
        assert(last <= this.mailbox.totals.sequence, "the totals cover all numbers");
        const chunk = decodeChunk(last, sealer.open(value, inboxContext(pseudonym, last))!)!;
        sum.messages += chunk.messages.length;
        sum.bytes += bytesOf(chunk);
      }
    }
    for (const records of (await readJournal(kv, sealer, () => {})).inboxes.values()) {
      sum.messages += records.length;
      sum.bytes += bytesOf({ messages: records.map(({ message }) => message) });
    }
    return sum;
  }
}

Deno.test("whatever the order of operations, no message is lost, duplicated, reordered or miscounted", async () => {
  const histories = fc.array(operation, { minLength: 1, maxLength: 40, size: "max" as const });
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      using folder = new TemporaryFolder();
      const path = folder.file("mailbox.kv");
      const system = new System(path, await Mailbox.open(path, testSealer()));
      try {
        for (const operation of history) await system.apply(operation);
        await system.checkAll();
      } finally {
        await system.mailbox[Symbol.asyncDispose]();
      }
    }),
    { seed: 70, numRuns: 60 },
  );
});
