import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { PeapError } from "../../src/peap/errors.ts";
import { ReceivedMessage } from "../../src/peap/received_message.ts";
import { FanOut, type Reader } from "../../src/tabs/fan_out.ts";

/** A client with messages `0`, `1`, …, which takes each as a client does: when the next is asked for, or the loop ends. */
class Source implements AsyncIterable<ReceivedMessage, void, void> {
  readonly size: number;
  readonly bytes: number;
  taken = 0;

  constructor(messages: number, bytes = 1) {
    this.size = messages;
    this.bytes = bytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, void> {
    while (this.taken < this.size) {
      try {
        yield new ReceivedMessage(new Uint8Array(this.bytes), `${this.taken}`);
      } finally {
        this.taken++;
      }
    }
  }
}

Deno.test("every loop sees every message from where it starts, and each is taken once, by the first", async () => {
  const steps = fc.array(
    fc.record({ loop: fc.nat(3), act: fc.constantFrom("next", "next", "next", "stop", "forget") }),
  );
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const source = new Source(1000);
      const fanOut = new FanOut(source);
      const loops: ({ reader: Reader; next: number } | undefined)[] = [];
      let handed = 0; // messages that any loop has had
      let taken = 0;
      for (const { loop, act } of steps) {
        const state = loops[loop] ??= { reader: fanOut.start(), next: taken };
        if (act === "next") {
          if (state.next === handed) taken = handed++; // it asks for the first that nobody has had
          assertEquals((await fanOut.next(state.reader))?.id, `${state.next++}`);
        } else {
          if (act === "stop" && state.next === handed) taken = handed;
          await fanOut[act as "stop" | "forget"](state.reader);
          loops[loop] = undefined;
        }
        assertEquals([source.taken, fanOut.isUntaken], [taken, taken < handed]);
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("loops that wait together get the same message; at the end, all end", async () => {
  const fanOut = new FanOut(new Source(1));
  const readers = [fanOut.start(), fanOut.start()];
  const next = () => Promise.all(readers.map(async (reader) => (await fanOut.next(reader))?.id));
  assertEquals(await next(), ["0", "0"]);
  assertEquals(await next(), [undefined, undefined]);
});

Deno.test("what a loop waits for when it is forgotten is there for the next one", async () => {
  const arrived = Promise.withResolvers<void>();
  const source = new Source(2);
  const delayed = async function* () {
    await arrived.promise;
    yield* source;
  };
  const fanOut = new FanOut({ [Symbol.asyncIterator]: delayed });
  const gone = fanOut.start();
  const waiting = fanOut.next(gone);
  fanOut.forget(gone);
  arrived.resolve();
  await waiting;
  assertEquals((await fanOut.next(fanOut.start()))?.id, "0");
  assertEquals(source.taken, 0);
});

Deno.test("a loop that is 32 MiB behind ends with an error, and the others go on", async () => {
  const fanOut = new FanOut(new Source(100, 2 ** 20));
  const [slow, fast] = [fanOut.start(), fanOut.start()];
  assertEquals((await fanOut.next(slow))?.id, "0");
  for (let i = 0; i < 50; i++) assertEquals((await fanOut.next(fast))?.id, `${i}`);
  const { kind } = await assertRejects(() => fanOut.next(slow), PeapError);
  assertEquals(kind, "full");
  assertEquals((await fanOut.next(fast))?.id, "50");
});

Deno.test("the source's error reaches every loop that waits", async () => {
  const next = () => Promise.reject(new PeapError("superseded", "elsewhere"));
  const fanOut = new FanOut({ [Symbol.asyncIterator]: () => ({ next }) });
  for (const reader of [fanOut.start(), fanOut.start()]) {
    await assertRejects(() => fanOut.next(reader), PeapError, "elsewhere");
  }
});
