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
    attemptHead(random);
    const frames = bytes(...Array.from({ length: random.below(MAX_FRAMES + 1) }, () => randomFrame(random)));
    const stream = random.oneIn(2) ? frames : new Uint8Array(mutatedBytes(random, frames));
    const atOnce = new Guarded(true);
    atOnce.push(stream);
    const inPieces = new Guarded(true);
    pushInPieces(random, inPieces, stream);
    if (inPieces.told !== atOnce.told) throw new Error(`${inPieces.told} in pieces, ${atOnce.told} at once`);
    checkMessages(atOnce.passed);
  },
};

function attemptHead(random: Random): void {
  const head = new Uint8Array(mutatedBytes(random, HEAD_BYTES));
  const atOnce = new Guarded(false);
  atOnce.push(head);
  const inPieces = new Guarded(false);
  pushInPieces(random, inPieces, head);
  // What comes behind a head is wrong, but the head may have passed by then.
  if (atOnce.fault !== inPieces.fault) {
    throw new Error(`${inPieces.fault} for a head in pieces, ${atOnce.fault} at once`);
  }
  if (atOnce.fault === undefined && inPieces.told !== atOnce.told) throw new Error("a head in pieces passes otherwise");
}

function pushInPieces(random: Random, guarded: Guarded, stream: Uint8Array): void {
  for (let from = 0; from < stream.length;) {
    const to = Math.min(stream.length, from + 1 + random.below(random.pick([3, 100, 5000])));
    guarded.push(stream.subarray(from, to));
    from = to;
  }
}

/** A guard, whose head has passed or not, with what it has let pass since. */
class Guarded {
  readonly #guard = new FrameGuard();
  readonly #passed: Uint8Array[] = [];
  #control = "";

  constructor(isUpgraded: boolean) {
    if (!isUpgraded) return;
    this.#guard.push(HEAD_BYTES.slice());
    this.#guard.upgrade({
      ping: (payload) => void (this.#control += `ping ${hex(payload)} `),
      pong: (payload) => (this.#control += `pong ${hex(payload)} `) !== "" && payload.length === 8,
    });
  }

  push(bytes: Uint8Array): void {
    this.#passed.push(this.#guard.push(bytes.slice()).slice());
  }

  get passed(): Uint8Array {
    return bytes(...this.#passed);
  }

  get fault(): string | undefined {
    return this.#guard.fault;
  }

  /** All that it says of the stream. */
  get told(): string {
    const { fault, frames, isClosed, closeCode } = this.#guard;
    return `${fault} ${frames} ${isClosed} ${closeCode} ${this.#control} ${hex(this.passed)}`;
  }
}

function randomFrame(random: Random): Uint8Array {
  const first = random.oneIn(8)
    ? random.below(256)
    : random.pick([0x81, 0x82, 0x82, 0x01, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8a]);
  const length = random.pick([0, random.below(126), 126, random.below(5000), MAX_MESSAGE_SIZE, MAX_MESSAGE_SIZE + 1]);
  return random.oneIn(20) ? maskedFrame(first, 2 ** 26, length) : maskedFrame(first, length);
}

/** Reads whole frames with the simplest possible code: no message that passed may exceed the bound. */
function checkMessages(passed: Uint8Array): void {
  let at = 0;
  let message = 0;
  while (at + 2 <= passed.length) {
    const [first, second] = [passed[at]!, passed[at + 1]!];
    const short = second & 0x7f;
    const start = at + (short === 126 ? 4 : short === 127 ? 10 : 2) + 4;
    if (start > passed.length) return;
    const length = short < 126 ? short : parseInt(hex(passed.subarray(at + 2, start - 4)), 16);
    const isControl = (first & 0x08) !== 0;
    if (second < 0x80) throw new Error("a frame without a mask passed");
    if (isControl) throw new Error("a control frame passed");
    message += length;
    if (message > MAX_MESSAGE_SIZE) throw new Error(`a message of ${message} bytes passed`);
    if (first >= 0x80) message = 0;
    at = start + length;
  }
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
