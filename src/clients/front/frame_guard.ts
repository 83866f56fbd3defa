import { Buffer } from "node:buffer";
import { FrameHeader, Opcode } from "./frame_header.ts";
import { HttpHead } from "./http_head.ts";

/** The head of the request that becomes a WebSocket may have this many bytes. */
export const MAX_HEAD_SIZE = 16_384;
/** A message may have this many bytes, all its fragments together; a packet with its address has 1391 at most. */
export const MAX_MESSAGE_SIZE = 4096;
/** RFC 6455 §5.5 */
const MAX_CONTROL_SIZE = 125;
const RESERVED_BITS = 0x70;
/** What stands for the code of a close frame that has none (RFC 6455 §7.1.5). */
const NO_CODE = 1005;
const NOTHING = new Uint8Array(0);

/** What is wrong with a stream: an endless head, a message beyond its bound, or bytes that are no client's frames. */
export type Fault = "head" | "too big" | "malformed";

interface BegunHead {
  readonly end: HttpHead;
  /** what has come of it, if it did not come at once */
  begun?: Uint8Array;
}

/** Gets the payloads of pings and pongs. */
export interface ControlFrames {
  ping(payload: Uint8Array): void;
  /** Returns whether it answers a ping of ours. */
  pong(payload: Uint8Array): boolean;
}

/**
 * Watches what comes from a client: one HTTP head, and once it is upgraded nothing but masked WebSocket frames of bounded
 * messages (RFC 6455 §5). Only the head and the frames of messages pass. The runtime's WebSocket, which would keep 64 MiB
 * for any of them, gets no byte of what is beyond, and no control frame: what these ask for is done without it. Pure.
 */
export class FrameGuard {
  /** frames that have begun, fragments and control frames included, but for answers to our pings */
  frames = 0;
  /** once there is one, nothing passes any more */
  fault: Fault | undefined;
  /** what has come of the head; undefined once it has passed */
  #head: BegunHead | undefined = { end: new HttpHead() };
  readonly #header = new FrameHeader();
  /** bytes of payload that the frame whose header was read still has */
  #payload = 0;
  /** bytes of the message that has begun, and not ended; undefined between messages */
  #message: number | undefined;
  /** the payload of the control frame that has begun, as far as it has come */
  #control: Uint8Array | undefined;
  #closeCode: number | undefined;

  #controlFrames: ControlFrames | undefined;

  /**
   * The server has taken the request for a WebSocket. Clients wait for that (RFC 6455 §4.1): what comes earlier the server
   * might take for something else than frames, as a body, with another request after it.
   */
  upgrade(controlFrames: ControlFrames): void {
    this.#controlFrames = controlFrames;
  }

  /** Whether the client has sent its close frame. Nothing passes after it. */
  get isClosed(): boolean {
    return this.#closeCode !== undefined;
  }

  /** The code of the client's close frame, if it has one. */
  get closeCode(): number | undefined {
    return this.#closeCode === NO_CODE ? undefined : this.#closeCode;
  }

  /** What passes of `bytes`: a part of them, or the head, once it is whole. They are overwritten. */
  push(bytes: Uint8Array): Uint8Array {
    if (this.fault !== undefined || this.isClosed) return NOTHING;
    return this.#head === undefined ? this.#pushFrames(bytes) : this.#pushHead(this.#head, bytes);
  }

  #pushHead(head: BegunHead, bytes: Uint8Array): Uint8Array {
    const { end } = head;
    const from = end.size;
    const size = end.push(bytes);
    if (end.size > MAX_HEAD_SIZE) this.fault = "head";
    else if (size < bytes.length) this.fault = "malformed"; // more comes before the answer
    if (this.fault !== undefined) return NOTHING;
    if (end.isWhole) this.#head = undefined;
    if (end.isWhole && from === 0) return withoutEmptyBody(bytes);
    head.begun ??= new Uint8Array(MAX_HEAD_SIZE);
    head.begun.set(bytes, from);
    return end.isWhole ? withoutEmptyBody(head.begun.subarray(0, end.size)) : NOTHING;
  }

  #pushFrames(bytes: Uint8Array): Uint8Array {
    if (this.#controlFrames === undefined) this.fault = "malformed";
    let passing = 0;
    for (let at = 0; at < bytes.length && this.fault === undefined && !this.isClosed;) {
      const from = at;
      if (this.#payload > 0) at += this.#takePayload(bytes.subarray(at));
      else if (this.#header.take(bytes[at++]!)) this.#beginFrame();
      if (this.fault !== undefined || this.#header.isControl) continue;
      if (passing < from) bytes.copyWithin(passing, from, at);
      passing += at - from;
    }
    return bytes.subarray(0, passing);
  }

  #beginFrame(): void {
    this.frames++;
    this.fault = this.#judge();
    if (this.fault !== undefined) return;
    this.#payload = this.#header.length;
    if (!this.#header.isControl) return;
    this.#control = new Uint8Array(this.#payload);
    if (this.#payload === 0) this.#endControlFrame(this.#control);
  }

  /** Takes what there is of the payload of the frame that has begun. Returns how many bytes that is. */
  #takePayload(bytes: Uint8Array): number {
    const size = Math.min(this.#payload, bytes.length);
    const control = this.#control;
    if (control !== undefined) {
      const { mask } = this.#header;
      const from = control.length - this.#payload;
      for (let i = 0; i < size; i++) control[from + i] = bytes[i]! ^ mask[(from + i) % mask.length]!;
    }
    this.#payload -= size;
    if (control !== undefined && this.#payload === 0) this.#endControlFrame(control);
    return size;
  }

  #endControlFrame(payload: Uint8Array): void {
    this.#control = undefined;
    const { opcode } = this.#header;
    if (opcode === Opcode.PING) this.#controlFrames?.ping(payload);
    else if (opcode === Opcode.CLOSE) this.#close(payload);
    else if (this.#controlFrames?.pong(payload)) this.frames--;
  }

  #close(payload: Uint8Array): void {
    const code = payload.length === 0 ? NO_CODE : payload[0]! << 8 | (payload[1] ?? 0);
    if (payload.length === 1 || payload.length > 1 && !isAllowed(code)) this.fault = "malformed";
    else this.#closeCode = code;
  }

  #judge(): Fault | undefined {
    const { first, opcode, isControl, isFinal, isMasked, length } = this.#header;
    if ((first & RESERVED_BITS) !== 0 || !isMasked) return "malformed";
    if (isControl) return opcode <= Opcode.PONG && isFinal && length <= MAX_CONTROL_SIZE ? undefined : "malformed";
    const isContinuation = opcode === Opcode.CONTINUATION;
    if (opcode > Opcode.BINARY || isContinuation !== (this.#message !== undefined)) return "malformed";
    const size = (this.#message ?? 0) + length;
    this.#message = isFinal ? undefined : size;
    return size > MAX_MESSAGE_SIZE ? "too big" : undefined;
  }
}

/** Whether a close frame may carry that code (RFC 6455 §7.4; 1012 to 1014 were registered later). */
function isAllowed(code: number): boolean {
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006) || code >= 3000 && code < 5000;
}

/** The runtime's server takes no upgrade that has a length, though one of 0 announces no body (RFC 9110 §8.6). */
function withoutEmptyBody(head: Uint8Array): Uint8Array {
  const text = Buffer.from(head).toString("latin1");
  const without = text.replace(/\ncontent-length:[ \t]*0+[ \t]*\r?(?=\n)/gi, "");
  return without === text ? head : Buffer.from(without, "latin1");
}
