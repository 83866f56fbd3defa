import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { Outlet, type Stream } from "../../src/logging/outlet.ts";

/** A stream that fails on request, and keeps what it took. */
class Pipe implements Stream {
  #text = "";
  /** bytes that it takes before `failure` */
  room = Infinity;
  failure: Error = new Error("No space left on device");
  /** writes wait until this resolves */
  gate: Promise<void> | undefined;

  get lines(): string[] {
    return this.#text.split("\n").slice(0, -1);
  }

  writeSync(bytes: Uint8Array): number {
    if (this.room === 0) throw this.failure;
    const part = bytes.subarray(0, this.room);
    this.room -= part.length;
    this.#text += new TextDecoder().decode(part);
    return part.length;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.gate;
    return this.writeSync(bytes);
  }
}

/** An outlet onto `pipe`, and the lines that it lost. */
function outletOnto(pipe: Pipe, inBackground: boolean): { outlet: Outlet; lost: string[] } {
  const lost: string[] = [];
  const outlet = new Outlet(pipe, {
    lose: (lines) => lost.push(...lines),
    notice: (count) => `${count} lost`,
  }, () => inBackground);
  return { outlet, lost };
}

for (const inBackground of [false, true]) {
  const how = inBackground ? "in the background" : "at once";

  Deno.test(`lines are written in order, ${how}`, async () => {
    const pipe = new Pipe();
    const { outlet } = outletOnto(pipe, inBackground);
    for (const line of ["a", "b", "ü"]) outlet.write(line);
    await outlet.settle(60_000);
    assertEquals(pipe.lines, ["a", "b", "ü"]);
  });

  Deno.test(`lines that a stream does not take are lost, and reported once it takes lines again, ${how}`, async () => {
    const pipe = new Pipe();
    const { outlet, lost } = outletOnto(pipe, inBackground);
    const write = async (line: string) => {
      outlet.write(line);
      await outlet.settle(60_000);
    };
    await write("a");
    pipe.room = 0;
    await write("b");
    await write("c");
    pipe.room = 3; // part of the report
    await write("d");
    assertEquals(lost, ["b", "c", "d"]);
    pipe.room = 10; // "\n3 lost\n" and part of the line
    await write("long");
    pipe.room = Infinity;
    await write("e");
    await write("f");
    assertEquals(lost, ["b", "c", "d", "long"]);
    assertEquals(pipe.lines, ["a", "2 l", "3 lost", "lo", "1 lost", "e", "f"]);
  });

  Deno.test(`the outlet waits for a non-blocking stream that is full, ${how}`, async () => {
    const pipe = new Pipe();
    const { outlet, lost } = outletOnto(pipe, inBackground);
    pipe.failure = new Deno.errors.WouldBlock();
    pipe.room = 1;
    const { writeSync } = pipe;
    pipe.writeSync = (bytes) => {
      try {
        return writeSync.call(pipe, bytes);
      } catch (error) {
        pipe.room = Infinity; // at the next attempt
        throw error;
      }
    };
    outlet.write("abc");
    await outlet.settle(60_000);
    assertEquals([pipe.lines, lost], [["abc"], []]);
  });
}

Deno.test("a stream that is stuck holds up nobody: the lines that wait for it are bounded", async () => {
  const pipe = new Pipe();
  const { outlet, lost } = outletOnto(pipe, true);
  const gate = Promise.withResolvers<void>();
  pipe.gate = gate.promise;
  const lines = Array.from({ length: 10_000 }, (_, i) => `${i} `.padEnd(100, "x"));
  for (const line of lines) outlet.write(line);
  await outlet.settle(1);
  assert(outlet.writing !== undefined);
  assertGreaterOrEqual(lost.length, 5001);
  assertLess(lost.length, 9_000);
  gate.resolve();
  await outlet.settle(60_000);
  outlet.write("later");
  await outlet.settle(60_000);
  const [first, ...others] = lines.slice(0, 10_000 - lost.length);
  assert(pipe.lines.join() === [first, `${lost.length} lost`, ...others, "later"].join(), pipe.lines.slice(-3).join());
});
