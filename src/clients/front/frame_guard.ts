import { Buffer } from "node:buffer";
import { FrameHeader, Opcode } from "./frame_header.ts";
import { HttpHead } from "./http_head.ts";

/** The most bytes of the head of a request that becomes a WebSocket. */
export const MAX_HEAD_SIZE = 16_384;
/** The most bytes of a message, all its fragments together; a packet with its address has at most 1391. */
export const MAX_MESSAGE_SIZE = 4096;
/** RFC 6455 §5.5 */
const MAX_CONTROL_SIZE = 125;
const RESERVED_BITS = 0x70;
/** Stands for the missing code of an empty close frame (RFC 6455 §7.1.5). */
const NO_CODE = 1005;
const NOTHING = new Uint8Array(0);

/** What is wrong with a stream: a head that is too long, a message that is too big, or invalid frames of a client. */
export type Fault = "head" | "too big" | "malformed";

interface BegunHead {
  readonly end: HttpHead;
  /** what has arrived of it, if it did not arrive in one piece */
  begun?: Uint8Array;
}

/** Receives the unmasked payloads of pings and pongs, of at most 125 bytes. */
export interface ControlFrames {
  /** The client expects a pong with the same payload. */
  ping(payload: Uint8Array): void;
  /** Returns whether it answers one of our pings; if so, it does not count against the client's rate. */
  pong(payload: Uint8Array): boolean;
}

/**
 * Checks what a client sends: one HTTP head and then, once it is upgraded, only masked WebSocket frames of bounded
 * messages (RFC 6455 §5). Only the head and the frames of messages pass. The runtime's WebSocket, which would buffer up
 * to 64 MiB for each message, gets nothing beyond the bounds, and no control frames, which are handled here. Pure.
 */
export class FrameGuard {
  /** frames that have begun, including fragments and control frames, but not the answers to our pings */
  frames = 0;
  /** set once the stream is at fault; nothing passes after that */
  fault: Fault | undefined;
  /** what has arrived of the head; undefined once it has passed */
  #head: BegunHead | undefined = { end: new HttpHead() };
  readonly #header = new FrameHeader();
  /** bytes of payload that are still to come of the current frame */
  #payload = 0;
  /** bytes so far of the current message; undefined between messages */
  #message: number | undefined;
  /** the payload of the current control frame, as far as it has arrived */
  #control: Uint8Array | undefined;
  #closeCode: number | undefined;

  #controlFrames: ControlFrames | undefined;

  /**
   * The server has upgraded the request, so frames may follow. Clients wait for that (RFC 6455 §4.1): the server might
   * read earlier bytes as something other than frames, such as a body and another request.
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

  /** Returns what passes: a part of `bytes`, or the head once it is whole. Overwrites `bytes`. */
  push(bytes: Uint8Array): Uint8Array {
    if (this.fault !== undefined || this.isClosed) return NOTHING;
    return this.#head === undefined ? this.#pushFrames(bytes) : this.#pushHead(this.#head, bytes);
  }

  #pushHead(head: BegunHead, bytes: Uint8Array): Uint8Array {
    const { end } = head;
    const from = end.size;
    const size = end.push(bytes);
    if (end.size > MAX_HEAD_SIZE) this.fault = "head";
    else if (size < bytes.length) this.fault = "malformed"; // the client sent more before the answer
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

  /** Takes what `bytes` holds of the current frame's payload. Returns how many bytes that is. */
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

/** Whether a close frame may carry this code (RFC 6455 §7.4; 1012 to 1014 were registered later). */
function isAllowed(code: number): boolean {
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006) || code >= 3000 && code < 5000;
}

/** The runtime's server refuses upgrades with a length, although a length of 0 announces no body (RFC 9110 §8.6). */
function withoutEmptyBody(head: Uint8Array): Uint8Array {
  const text = Buffer.from(head).toString("latin1");
  const without = text.replace(/\ncontent-length:[ \t]*0+[ \t]*\r?(?=\n)/gi, "");
  return without === text ? head : Buffer.from(without, "latin1");
}
