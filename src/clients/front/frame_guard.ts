import { FrameHeader, Opcode } from "./frame_header.ts";
import { HttpHead } from "./http_head.ts";

/** The head of the request that becomes a WebSocket may have this many bytes. */
export const MAX_HEAD_SIZE = 16_384;
/** A message may have this many bytes, all its fragments together; a packet with its address has 1391 at most. */
export const MAX_MESSAGE_SIZE = 4096;
/** RFC 6455 §5.5 */
const MAX_CONTROL_SIZE = 125;
const RESERVED_BITS = 0x70;

/** What is wrong with a stream: an endless head, a message beyond its bound, or bytes that are no client's frames. */
export type Fault = "head" | "too big" | "malformed";

/**
 * Watches what comes from a client: one HTTP head, and once it is upgraded nothing but masked WebSocket frames of bounded
 * messages (RFC 6455 §5). The runtime's WebSocket, which would keep 64 MiB for any of them, gets no byte of what is
 * beyond. Pure.
 */
export class FrameGuard {
  /** frames that have begun, fragments and control frames included, but for answers to our pings */
  frames = 0;
  /** once there is one, nothing passes any more */
  fault: Fault | undefined;
  /**
   * Whether the server has taken the request for a WebSocket. Clients wait for that (RFC 6455 §4.1): what comes earlier
   * the server might take for something else than frames, as a body, with another request after it.
   */
  isUpgraded = false;
  readonly #head = new HttpHead();
  readonly #header = new FrameHeader();
  /** bytes of payload that the frame whose header was read still has */
  #payload = 0;
  /** bytes of the message that has begun, and not ended; undefined between messages */
  #message: number | undefined;
  /** what has come of a pong's payload */
  #pong: number[] | undefined;

  /** `onPong` gets the payload of each pong, and says whether that is an answer to a ping of ours. */
  constructor(private readonly onPong: (payload: Uint8Array) => boolean = () => false) {}

  /** How many of `bytes`, from the first, may pass. */
  push(bytes: Uint8Array): number {
    if (this.fault !== undefined) return 0;
    let at = this.#head.isWhole ? 0 : this.#head.push(bytes);
    if (this.#head.size > MAX_HEAD_SIZE) {
      this.fault = "head";
      return 0;
    }
    if (at < bytes.length && !this.isUpgraded) {
      this.fault = "malformed";
      return at;
    }
    let passing = at;
    while (at < bytes.length) {
      if (this.#payload > 0) {
        const size = Math.min(this.#payload, bytes.length - at);
        this.#payload -= size;
        if (this.#pong !== undefined) this.#takePong(this.#pong, bytes.subarray(at, at + size));
        passing = at += size;
      } else if (this.#header.take(bytes[at++]!)) {
        this.frames++;
        this.fault = this.#judge();
        if (this.fault !== undefined) return passing;
        this.#payload = this.#header.length;
        this.#pong = this.#header.opcode === Opcode.PONG ? [] : undefined;
        passing = at;
      }
    }
    return at;
  }

  #takePong(pong: number[], bytes: Uint8Array): void {
    const { mask } = this.#header;
    for (const byte of bytes) pong.push(byte ^ mask[pong.length % mask.length]!);
    if (this.#payload === 0 && this.onPong(Uint8Array.from(pong))) this.frames--;
  }

  #judge(): Fault | undefined {
    const { first, opcode, isFinal, isMasked, length } = this.#header;
    if ((first & RESERVED_BITS) !== 0 || !isMasked) return "malformed";
    if (opcode >= Opcode.CLOSE) {
      return opcode <= Opcode.PONG && isFinal && length <= MAX_CONTROL_SIZE ? undefined : "malformed";
    }
    const isContinuation = opcode === Opcode.CONTINUATION;
    if (opcode > Opcode.BINARY || isContinuation !== (this.#message !== undefined)) return "malformed";
    const size = (this.#message ?? 0) + length;
    this.#message = isFinal ? undefined : size;
    return size > MAX_MESSAGE_SIZE ? "too big" : undefined;
  }
}
