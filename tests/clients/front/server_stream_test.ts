import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Opcode } from "../../../src/clients/front/frame_header.ts";
import { ServerStream } from "../../../src/clients/front/server_stream.ts";
import { ANSWER, bytes, frame } from "./streams.ts";

const FIN = 0x80;

Deno.test("an answer passes as it comes, and frames as a whole", () => {
  const stream = new ServerStream();
  const pushed = (bytes: Uint8Array) => Array.from(bytes, (_, at) => stream.push(bytes.subarray(at, at + 1)));
  assertEquals(pushed(ANSWER), Array(ANSWER.length).fill(0));
  assert(stream.isAnswered);
  assertEquals(pushed(frame(FIN | Opcode.PING, 0)), [1, 0]);
  assertEquals(pushed(frame(FIN | Opcode.CLOSE, 3)), [1, 2, 3, 4, 0]);
  assertEquals(pushed(frame(FIN | Opcode.BINARY, 126)).indexOf(0), 4 + 126 - 1);
});

Deno.test("however a stream is cut, it is passed on up to the end of an answer or a frame", () => {
  const lengths = fc.array(fc.oneof(fc.nat(125), fc.constantFrom(0, 125, 126, 70_000)));
  fc.assert(fc.property(lengths, fc.integer({ min: 1, max: 300 }), (lengths, size) => {
    const pieces = [ANSWER, ...lengths.map((length) => frame(FIN | Opcode.PING, length))];
    const all = bytes(...pieces);
    const ends = new Set<number>();
    pieces.reduce((end, { length }) => {
      ends.add(end + length);
      return end + length;
    }, 0);
    const stream = new ServerStream();
    let passed = 0;
    for (let at = 0; at < all.length; at += size) {
      const end = Math.min(at + size, all.length);
      passed = end - stream.push(all.subarray(at, end));
      assert(passed < ANSWER.length || ends.has(passed), `${passed} is within a frame`);
    }
    assertEquals(passed, all.length);
  }));
});
