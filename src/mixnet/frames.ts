import { PACKET_SIZE } from "../sphinx/constants.ts";

/** A frame of the mixnet stream: size flag (1) ‖ packet (spec §4). */
export const FRAME_SIZE: number = 1 + PACKET_SIZE;

const PACKET_FLAG = 0;
/** Sizes that have a flag but are not used: such a frame does not hold a packet. */
const RESERVED_SIZES: ReadonlyMap<number, number> = new Map([[1, 2048], [2, 512], [3, 32768]]);

/**
 * Turns the bytes of one mixnet stream, cut anywhere, into packets, without I/O. Once the stream is corrupt (spec §4), it
 * yields nothing more.
 */
export class FrameParser {
  readonly #frame = new Uint8Array(FRAME_SIZE);
  #filled = 0;
  #corrupt: string | undefined;

  /**
   * Yields the packets that `chunk` completes: views of `PACKET_SIZE` bytes, valid until the next step. The generator
   * must be run to its end: bytes that it has not reached are not kept.
   */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let at = 0;
    while (at < chunk.length && this.#corrupt === undefined) {
      if (this.#filled === 0) {
        this.#corrupt = whyCorrupt(chunk[at]!);
        if (this.#corrupt !== undefined) return;
        if (chunk.length - at >= FRAME_SIZE) {
          yield chunk.subarray(at + 1, at + FRAME_SIZE);
          at += FRAME_SIZE;
          continue;
        }
      }
      const part = chunk.subarray(at, at + FRAME_SIZE - this.#filled);
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === FRAME_SIZE) {
        this.#filled = 0;
        yield this.#frame.subarray(1);
      }
    }
  }

  /** Why the stream is corrupt; undefined if it is not. */
  get corrupt(): string | undefined {
    return this.#corrupt;
  }

  /** Whether the stream is inside a frame now. */
  get midFrame(): boolean {
    return this.#filled > 0;
  }
}

function whyCorrupt(flag: number): string | undefined {
  if (flag === PACKET_FLAG) return undefined;
  const reserved = RESERVED_SIZES.get(flag);
  return reserved === undefined
    ? `unknown size flag ${flag}`
    : `size flag ${flag} announces ${reserved} bytes, a packet has ${PACKET_SIZE}`;
}

/** The frames of `packets`, one after the other, as they go on the wire. */
export function frame(...packets: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const frames = new Uint8Array(packets.length * FRAME_SIZE); // a frame's flag is zero: PACKET_FLAG
  packets.forEach((packet, i) => frames.set(packet, i * FRAME_SIZE + 1));
  return frames;
}
