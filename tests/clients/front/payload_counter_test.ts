import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Opcode } from "../../../src/clients/front/frame_header.ts";
import { PayloadCounter } from "../../../src/clients/front/payload_counter.ts";
import { bytes, frame } from "./streams.ts";

const FIN = 0x80;
const HEAD = new TextEncoder().encode("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n");

Deno.test("messages count, byte by byte; heads, headers and control frames don't", () => {
  const stream = bytes(HEAD, frame(FIN | Opcode.PING, 0), frame(FIN | Opcode.BINARY, 3), frame(FIN | Opcode.CLOSE, 2));
  const counter = new PayloadCounter();
  const counts = Array.from(stream, (_, at) => {
    counter.push(stream.subarray(at, at + 1));
    return counter.bytes;
  });
  assertEquals(counts.slice(HEAD.length), [0, 0, 0, 0, 1, 2, 3, 3, 3, 3, 3]);
});

Deno.test("however a stream is cut, its messages are counted", () => {
  const frames = fc.array(fc.tuple(
    fc.constantFrom(Opcode.TEXT, Opcode.BINARY, Opcode.PING, Opcode.PONG),
    fc.oneof(fc.nat(125), fc.constantFrom(0, 126, 979, 65_535, 70_000)),
  ));
  fc.assert(fc.property(frames, fc.integer({ min: 1, max: 3000 }), (frames, size) => {
    const stream = bytes(HEAD, ...frames.map(([opcode, length]) => frame(FIN | opcode, length)));
    const counter = new PayloadCounter();
    for (let at = 0; at < stream.length; at += size) counter.push(stream.subarray(at, at + size));
    const expected = frames.reduce((sum, [opcode, length]) => sum + (opcode < Opcode.CLOSE ? length : 0), 0);
    assertEquals(counter.bytes, expected);
  }));
});
