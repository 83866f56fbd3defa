import { FrameGuard, MAX_MESSAGE_SIZE } from "../../src/clients/front/frame_guard.ts";
import { bytes, HEAD, maskedFrame } from "../clients/front/streams.ts";
import type { Random } from "../support/random.ts";
import { mutatedBytes } from "./mutate.ts";
import type { Target } from "./target.ts";

const MAX_FRAMES = 6;
const HEAD_BYTES = new TextEncoder().encode(HEAD);

/**
 * Client streams, mutated and cut anywhere, compared with a guard that gets everything at once, and checked after it.
 */
export const guardedStreams: Target = {
  name: "client-streams",
  attempt(random) {
    const frames = Array.from({ length: random.below(MAX_FRAMES + 1) }, () => randomFrame(random));
    const valid = bytes(HEAD_BYTES, ...frames);
    const stream = random.oneIn(2) ? valid : new Uint8Array(mutatedBytes(random, valid));
    const atOnce = upgraded();
    const passing = stream.subarray(0, atOnce.push(stream));

    const guard = upgraded();
    let passed = 0;
    for (let from = 0; from < stream.length;) {
      const to = Math.min(stream.length, from + 1 + random.below(random.pick([3, 100, 5000])));
      passed += guard.push(stream.subarray(from, to));
      from = to;
    }
    if (guard.fault !== atOnce.fault || guard.frames !== atOnce.frames) {
      throw new Error(`${guard.fault} for a stream in pieces`);
    }
    if (guard.fault === "head") return; // in pieces, more of a head passes, up to its bound
    // In pieces, the beginning of an invalid header may have passed, of up to 13 bytes.
    if (passed < passing.length || passed > passing.length + 13) throw new Error(`${passed} bytes passed in pieces`);
    if (guard.fault === undefined && passed !== stream.length) throw new Error("a valid stream is held back");
    checkMessages(passing);
  },
};

function upgraded(): FrameGuard {
  const guard = new FrameGuard();
  guard.isUpgraded = true;
  return guard;
}

function randomFrame(random: Random): Uint8Array {
  const first = random.oneIn(8)
    ? random.below(256)
    : random.pick([0x81, 0x82, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a]);
  const length = random.pick([0, random.below(126), 126, random.below(5000), MAX_MESSAGE_SIZE, MAX_MESSAGE_SIZE + 1]);
  return random.oneIn(20) ? maskedFrame(first, 2 ** 26, length) : maskedFrame(first, length);
}

/** Reads whole frames with the simplest possible code: no message that passed may exceed the bound. */
function checkMessages(passed: Uint8Array): void {
  const text = new TextDecoder("latin1").decode(passed);
  const head = /^[^]*?\n\r*\n/.exec(text);
  let at = head?.[0].length ?? passed.length;
  let message = 0;
  while (at + 2 <= passed.length) {
    const [first, second] = [passed[at]!, passed[at + 1]!];
    const short = second & 0x7f;
    const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2) + 4;
    if (start > passed.length) return;
    const length = short < 126 ? short : parseInt(hex(passed.subarray(at + 2, start - 4)), 16);
    const isControl = (first & 0x08) !== 0;
    if (second < 0x80) throw new Error("an unmasked frame passed");
    if (isControl && length > 125) throw new Error("an oversized control frame passed");
    if (!isControl) message += length;
    if (message > MAX_MESSAGE_SIZE) throw new Error(`a message of ${message} bytes passed`);
    if (!isControl && first >= 0x80) message = 0;
    at = start + length;
  }
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
