import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Opcode } from "../../../src/clients/front/frame_header.ts";
import { Outgoing } from "../../../src/clients/front/outgoing.ts";
import { bytes, frame } from "./streams.ts";

const FIN = 0x80;

/** A destination that takes each write only when told to. */
class Sink {
  readonly written: Uint8Array[] = [];
  #wanted = Promise.withResolvers<void>();
  #under: { bytes: Uint8Array; taken: (size: number) => void; failed: (reason: Error) => void } | undefined;

  readonly write = (bytes: Uint8Array) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#under = { bytes, taken: resolve, failed: reject };
    this.#wanted.resolve();
    return promise;
  };

  /** Takes up to `most` bytes of the next write; resolves with the size of that write. */
  async take(most = Infinity): Promise<number> {
    await this.#wanted.promise;
    const { bytes, taken } = this.#next();
    const size = Math.min(most, bytes.length);
    this.written.push(bytes.slice(0, size));
    taken(size);
    return bytes.length;
  }

  async fail(): Promise<void> {
    await this.#wanted.promise;
    this.#next().failed(new Error("reset"));
  }

  #next() {
    const under = this.#under!;
    this.#wanted = Promise.withResolvers();
    return under;
  }
}

const unexpected = () => {
  throw new Error("writing failed");
};

Deno.test("frames pushed in one turn share a write, and so do those pushed while it is in progress", async () => {
  const sink = new Sink();
  const outgoing = new Outgoing(sink.write, unexpected);
  outgoing.open();
  for (let i = 0; i < 3; i++) outgoing.push(Opcode.BINARY, new Uint8Array(100));
  const first = sink.take();
  await Promise.resolve();
  await Promise.resolve();
  for (let i = 0; i < 5; i++) outgoing.push(Opcode.BINARY, new Uint8Array(200));
  assertEquals(await first, 3 * 102);
  assertEquals(await sink.take(), 5 * 204);
  await outgoing.idle;
  assertEquals([outgoing.pushed, outgoing.written], [3 * 102 + 5 * 204, 3 * 102 + 5 * 204]);
});

Deno.test("messages become server frames in order, whatever each write takes and whenever they are pushed", async () => {
  const lengths = fc.array(fc.oneof(fc.nat(130), fc.constantFrom(125, 126, 979, 16_000)), { minLength: 1 });
  const takes = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1 });
  await fc.assert(fc.asyncProperty(lengths, takes, async (lengths, takes) => {
    const sink = new Sink();
    const outgoing = new Outgoing(sink.write, unexpected);
    outgoing.open();
    const expected = bytes(
      ...lengths.map((length) => frame(FIN | Opcode.BINARY, length).fill(length, -length || Infinity)),
    );
    let taken = 0;
    for (const length of lengths) {
      const message = new Uint8Array(length).fill(length);
      outgoing.push(Opcode.BINARY, message);
      message.fill(0); // the caller may reuse it
      if (length % 3 === 0) await sink.take(takes[taken++ % takes.length]);
    }
    while (outgoing.written < outgoing.pushed) await sink.take(takes[taken++ % takes.length]);
    assertEquals(bytes(...sink.written), expected);
    assertEquals(outgoing.written, expected.length);
    await outgoing.idle;
  }));
});

Deno.test("nothing is written before open is called", async () => {
  const sink = new Sink();
  const outgoing = new Outgoing(sink.write, unexpected);
  outgoing.push(Opcode.TEXT, Uint8Array.of(1));
  await outgoing.idle;
  assertEquals([outgoing.pushed, outgoing.written], [3, 0]);
  outgoing.open();
  assertEquals(await sink.take(), 3);
});

Deno.test("a close frame comes last, with its code and reason", async () => {
  const cases: [args: [code?: number, reason?: string], expected: number[]][] = [
    [[1001, "bye"], [FIN | Opcode.CLOSE, 5, 3, 233, 98, 121, 101]],
    [[1000], [FIN | Opcode.CLOSE, 2, 3, 232]],
    [[], [FIN | Opcode.CLOSE, 0]],
  ];
  for (const [args, expected] of cases) {
    const sink = new Sink();
    const outgoing = new Outgoing(sink.write, unexpected);
    outgoing.push(Opcode.TEXT, Uint8Array.of(1));
    outgoing.close(...args);
    outgoing.close(1002, "again");
    assertEquals([outgoing.isClosed, outgoing.push(Opcode.TEXT, Uint8Array.of(2))], [true, 0]);
    outgoing.open();
    await sink.take();
    await outgoing.idle;
    assertEquals([...bytes(...sink.written)], [FIN | Opcode.TEXT, 1, 1, ...expected]);
  }
});

Deno.test("a failed write is reported once, and nothing is kept afterwards", async () => {
  const sink = new Sink();
  let failed = 0;
  const outgoing = new Outgoing(sink.write, () => failed++);
  outgoing.open();
  outgoing.push(Opcode.BINARY, new Uint8Array(10));
  await sink.fail();
  await outgoing.idle;
  outgoing.push(Opcode.BINARY, new Uint8Array(10));
  await outgoing.idle;
  assertEquals([failed, outgoing.pushed, outgoing.written], [1, 12, 0]);
});
