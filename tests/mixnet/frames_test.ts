import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { frame, FRAME_SIZE, FrameParser } from "../../src/mixnet/frames.ts";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { numberedPacket, numberOf } from "./numbered_packets.ts";

/** The numbers of the packets in `chunks`; each packet is read before the next step of the parser. */
function parse(parser: FrameParser, ...chunks: Uint8Array[]): number[] {
  return chunks.flatMap((chunk) => [...parser.push(chunk).map(numberOf)]);
}

const stream = frame(numberedPacket(0), numberedPacket(1), numberedPacket(2));

Deno.test("a frame is a zero byte and the packet", () => {
  const packet = numberedPacket(7);
  assertEquals(frame(packet), new Uint8Array([0, ...packet]));
  assertEquals(frame(packet).length, FRAME_SIZE);
});

Deno.test("packets are complete wherever the stream is cut in two", () => {
  for (let cut = 0; cut <= stream.length; cut++) {
    const parser = new FrameParser();
    const before = parse(parser, stream.subarray(0, cut));
    assertEquals(before.length, Math.floor(cut / FRAME_SIZE), `cut at ${cut}`);
    assertEquals(parser.midFrame, cut % FRAME_SIZE !== 0, `cut at ${cut}`);
    assertEquals([...before, ...parse(parser, stream.subarray(cut))], [0, 1, 2], `cut at ${cut}`);
    assert(!parser.midFrame);
  }
});

Deno.test("packets are complete when the stream arrives byte by byte", () => {
  assertEquals(parse(new FrameParser(), ...Array.from(stream, (byte) => Uint8Array.of(byte))), [0, 1, 2]);
});

Deno.test("packets are complete wherever the stream is cut into many pieces", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 12 }), (cuts) => {
    const ends = [...cuts.sort((a, b) => a - b), stream.length];
    const chunks = ends.map((end, i) => stream.subarray(ends[i - 1] ?? 0, end));
    assertEquals(parse(new FrameParser(), ...chunks), [0, 1, 2]);
  }));
});

Deno.test("a packet is a view of its frame, not a copy", () => {
  const [first] = new FrameParser().push(stream);
  assertEquals(first?.length, PACKET_SIZE);
  assertEquals(first?.buffer, stream.buffer);
});

Deno.test("every flag but 0 corrupts the stream, after the packets before it", () => {
  for (let flag = 1; flag < 256; flag++) {
    const broken = new Uint8Array([...frame(numberedPacket(5)), flag, ...frame(numberedPacket(6))]);
    const parser = new FrameParser();
    assertEquals(parse(parser, broken), [5], `flag ${flag}`);
    assertMatch(parser.corrupt!, new RegExp(`flag ${flag}`));
    assertEquals(parse(parser, stream), [], "a corrupt stream yields nothing");
  }
});

Deno.test("the reserved sizes are named when they corrupt the stream", () => {
  for (const [flag, size] of [[1, 2048], [2, 512], [3, 32768]] as const) {
    const parser = new FrameParser();
    assertEquals(parse(parser, Uint8Array.of(flag)), []);
    assertEquals(parser.corrupt, `size flag ${flag} announces ${size} bytes, a packet has 1372`);
  }
});

Deno.test("a stream without frames is neither corrupt nor inside a frame", () => {
  const parser = new FrameParser();
  assertEquals(parse(parser, new Uint8Array(0)), []);
  assertEquals(parser.corrupt, undefined);
  assert(!parser.midFrame);
});
