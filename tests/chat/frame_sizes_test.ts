import { assertEquals } from "@std/assert";
import { FrameSizes } from "../../src/chat/frame_sizes.ts";

/** The first bytes of a frame with a body of this size, and the body. */
function frame(body: number, isMasked: boolean): number[] {
  const mask = isMasked ? 0x80 : 0;
  const size = body < 126
    ? [mask | body]
    : body < 65536
    ? [mask | 126, body >> 8, body & 255]
    : [mask | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => body >> shift & 255)];
  return [0x82, ...size, ...isMasked ? [1, 2, 3, 4] : [], ...Array.from({ length: body }, () => 0)];
}

Deno.test("the sizes of frames after an HTTP head, however the stream is cut", () => {
  const head = [...new TextEncoder().encode("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n")];
  const frames = [frame(0, false), frame(18, false), frame(125, true), frame(126, false), frame(1379, true)];
  frames.push(frame(70_000, false), frame(1, false));
  const stream = Uint8Array.from([...head, ...frames.flat()]);
  for (const part of [1, 2, 3, 1000, stream.length]) {
    const sizes = new FrameSizes();
    const seen: number[] = [];
    for (let at = 0; at < stream.length; at += part) seen.push(...sizes.push(stream.subarray(at, at + part)));
    assertEquals(seen, frames.map(({ length }) => length), `in parts of ${part}`);
  }
});
