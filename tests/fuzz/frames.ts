import { FRAME_SIZE, FrameParser } from "../../src/mixnet/frames.ts";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import type { Random } from "../support/random.ts";
import type { Target } from "./target.ts";

const MAX_FRAMES = 3;

/** Streams of frames, some invalid, cut anywhere, compared with a parser that gets the whole stream at once. */
export const frames: Target = {
  name: "frames",
  attempt(random) {
    const stream = randomStream(random);
    const expected: number[] = [];
    let at = 0;
    for (; at + FRAME_SIZE <= stream.length && stream[at] === 0; at += FRAME_SIZE) expected.push(stream[at + 1]!);
    const corrupt = at < stream.length && stream[at] !== 0;

    const parser = new FrameParser();
    const found: number[] = [];
    for (let from = 0; from < stream.length;) {
      const to = Math.min(stream.length, from + 1 + random.below(random.pick([3, 1000, 5000])));
      for (const packet of parser.push(stream.subarray(from, to))) {
        if (packet.length !== PACKET_SIZE || packet[0] !== packet[PACKET_SIZE - 1]) {
          throw new Error("a packet in pieces");
        }
        found.push(packet[0]!);
      }
      from = to;
    }
    if (found.join() !== expected.join()) throw new Error(`packets ${found} instead of ${expected}`);
    if ((parser.corrupt !== undefined) !== corrupt) throw new Error(`corrupt: ${parser.corrupt}`);
    if (!corrupt && parser.midFrame !== at < stream.length) throw new Error("the end is reported wrongly");
  },
};

/** Each packet begins and ends with its number, so that torn packets are detected. */
function randomStream(random: Random): Uint8Array {
  const stream = new Uint8Array(random.below(MAX_FRAMES + 1) * FRAME_SIZE + random.pick([0, random.below(FRAME_SIZE)]));
  for (let at = 0, number = 1; at < stream.length; at += FRAME_SIZE, number++) {
    stream[at] = random.oneIn(6) ? random.below(256) : 0;
    if (at + PACKET_SIZE < stream.length) stream[at + 1] = stream[at + PACKET_SIZE] = number;
  }
  return stream;
}
