import { assertEquals } from "@std/assert";
import { clientFrame, Opcode, WebSocketFrames } from "./websocket_frames.ts";

/** A text frame of 2 bytes and a binary one of 300. */
const STREAM = new Uint8Array([0x81, 2, 104, 105, 0x82, 126, 300 >> 8, 300 & 0xff, ...new Uint8Array(300).fill(7)]);

Deno.test("frames are read whole wherever the stream is cut", () => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const frames = new WebSocketFrames();
    const read = [STREAM.slice(0, cut), STREAM.slice(cut)].flatMap((chunk) =>
      [...frames.push(chunk)].map(({ opcode, payload }) => [opcode, payload.length, payload[0]])
    );
    assertEquals(read, [[Opcode.TEXT, 2, 104], [Opcode.BINARY, 300, 7]], `cut at ${cut}`);
  }
});

Deno.test("a client's frame is masked, with its length in the shortest form", () => {
  assertEquals([...clientFrame(Opcode.PONG, Uint8Array.of(5))], [0x8a, 0x81, 0, 0, 0, 0, 5]);
  assertEquals([...clientFrame(Opcode.TEXT, new Uint8Array(200)).subarray(0, 8)], [0x81, 0xfe, 0, 200, 0, 0, 0, 0]);
});
