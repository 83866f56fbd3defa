import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Fault, FrameGuard, MAX_HEAD_SIZE, MAX_MESSAGE_SIZE } from "../../../src/clients/front/frame_guard.ts";
import { Opcode } from "../../../src/clients/front/frame_header.ts";
import { bytes, HEAD, maskedFrame } from "./streams.ts";

const FIN = 0x80;
const HEAD_BYTES = new TextEncoder().encode(HEAD);
const MASK = Uint8Array.of(1, 2, 3, 4);

/** A guard, and what it has passed on and reported. A pong of eight bytes counts as the answer to a ping. */
class Guarded {
  readonly guard = new FrameGuard();
  readonly #passed: Uint8Array[] = [];
  readonly pings: Uint8Array[] = [];
  readonly pongs: Uint8Array[] = [];

  /** A guard whose client has a WebSocket, and then sends `stream` in pieces of `size` bytes. */
  static upgraded(stream: Uint8Array, size = Math.max(1, stream.length)): Guarded {
    const guarded = new Guarded();
    guarded.guard.push(HEAD_BYTES.slice());
    guarded.upgrade();
    guarded.push(stream, size);
    return guarded;
  }

  upgrade(): void {
    this.guard.upgrade({
      ping: (payload) => this.pings.push(payload),
      pong: (payload) => this.pongs.push(payload) > 0 && payload.length === 8,
    });
  }

  push(stream: Uint8Array, size = stream.length): void {
    for (let at = 0; at < stream.length; at += size) {
      this.#passed.push(this.guard.push(stream.slice(at, at + size)).slice());
    }
  }

  get passed(): Uint8Array {
    return bytes(...this.#passed);
  }

  get fault(): Fault | undefined {
    return this.guard.fault;
  }

  get frames(): number {
    return this.guard.frames;
  }
}

/** A client's frame with this payload, masked. */
function masked(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const masked = payload.map((byte, i) => byte ^ MASK[i % MASK.length]!);
  return bytes(Uint8Array.of(FIN | opcode, 0x80 | payload.length), MASK, masked);
}

const text = (size: number) => maskedFrame(FIN | Opcode.TEXT, size);
const close = (...payload: number[]) => masked(Opcode.CLOSE, Uint8Array.from(payload));

Deno.test("message frames within the bounds pass, in whatever pieces they arrive", () => {
  const stream = bytes(text(0), text(125), text(126), maskedFrame(FIN | Opcode.BINARY, MAX_MESSAGE_SIZE));
  for (const size of [1, 2, 7, stream.length]) {
    const { passed, fault, frames } = Guarded.upgraded(stream, size);
    assertEquals([passed, fault, frames], [stream, undefined, 4]);
  }
});

Deno.test("control frames do not pass, and their payloads are reported, however they are cut", () => {
  const payloads = [0, 1, 8, 125].map((size) => crypto.getRandomValues(new Uint8Array(size)));
  const stream = bytes(
    ...payloads.flatMap((payload) => [masked(Opcode.PONG, payload), text(300), masked(Opcode.PING, payload), text(3)]),
  );
  for (const size of [1, 5, stream.length]) {
    const { passed, pings, pongs, fault, frames } = Guarded.upgraded(stream, size);
    assertEquals([pings, pongs, fault], [payloads, payloads, undefined]);
    assertEquals(passed, bytes(...payloads.flatMap(() => [text(300), text(3)])));
    assertEquals(frames, 4 * payloads.length - 1); // all but the answer to a ping
  }
});

Deno.test("no frame passes after a close frame, and its code is reported", () => {
  const cases: [frame: Uint8Array, code: number | undefined][] = [
    [close(), undefined],
    [close(3, 232), 1000],
    [close(3, 239, 65), 1007],
    [close(19, 135), 4999],
  ];
  for (const [frame, code] of cases) {
    for (const size of [1, 1000]) {
      const { guard, passed, fault } = Guarded.upgraded(bytes(text(5), frame, text(6)), size);
      assertEquals([guard.isClosed, guard.closeCode, fault, passed], [true, code, undefined, text(5)]);
    }
  }
  for (const wrong of [[3], [0, 0], [3, 231], [3, 236], [3, 237], [3, 238], [3, 247], [11, 183], [19, 136]]) {
    const { guard, fault } = Guarded.upgraded(close(...wrong));
    assertEquals([guard.isClosed, fault], [false, "malformed"], `${wrong}`);
  }
});

Deno.test("the size limit holds for all fragments of a message together, and control frames may come between", () => {
  const first = maskedFrame(Opcode.TEXT, 4000);
  const last = maskedFrame(FIN | Opcode.CONTINUATION, 96);
  const ping = maskedFrame(FIN | Opcode.PING, 125);
  const within = Guarded.upgraded(bytes(first, ping, last, text(MAX_MESSAGE_SIZE)));
  assertEquals(within.passed, bytes(first, last, text(MAX_MESSAGE_SIZE)));
  const beyond = Guarded.upgraded(bytes(first, ping, maskedFrame(Opcode.CONTINUATION, 97)));
  assertEquals([beyond.fault, beyond.frames], ["too big", 3]);
});

Deno.test("neither the payload of a frame that is too big nor anything after it passes", () => {
  for (const size of [MAX_MESSAGE_SIZE + 1, 65_536, 2 ** 26, 2 ** 53, 2 ** 63]) {
    const huge = maskedFrame(FIN | Opcode.BINARY, size, 0);
    for (const piece of [1, 1000]) {
      const { passed, fault, frames } = Guarded.upgraded(bytes(text(5), huge, new Uint8Array(10), text(5)), piece);
      assertEquals([fault, frames], ["too big", 2]);
      assert(passed.length < text(5).length + huge.length, "its header has not passed whole");
    }
  }
});

Deno.test("an invalid frame ends the stream", () => {
  const unmasked = Uint8Array.of(FIN | Opcode.TEXT, 1, 65);
  const wrong = [
    unmasked,
    maskedFrame(FIN | 0x40 | Opcode.TEXT, 1),
    maskedFrame(FIN | 3, 1),
    maskedFrame(FIN | 11, 1),
    maskedFrame(Opcode.PING, 1),
    maskedFrame(FIN | Opcode.PING, 126),
    maskedFrame(FIN | Opcode.CONTINUATION, 1),
    bytes(maskedFrame(Opcode.TEXT, 1), maskedFrame(FIN | Opcode.TEXT, 1)),
    new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"),
  ];
  for (const stream of wrong) assertEquals(Guarded.upgraded(stream).fault, "malformed");
});

Deno.test("before the upgrade only the request head passes, and only as a whole", () => {
  for (const size of [1, 40, 1000]) {
    const early = new Guarded();
    early.push(bytes(HEAD_BYTES, text(5)), size);
    assertEquals([early.fault, early.frames], ["malformed", 0]);
    assertEquals(early.passed, size === 1 ? HEAD_BYTES : new Uint8Array(0));
  }
  const patient = new Guarded();
  patient.push(HEAD_BYTES, 7);
  patient.upgrade();
  patient.push(text(5));
  assertEquals([patient.passed, patient.fault], [bytes(HEAD_BYTES, text(5)), undefined]);
});

Deno.test("an endless head is cut off, and an empty line ends a head whatever the line endings are", () => {
  for (const size of [1, MAX_HEAD_SIZE + 1]) {
    const endless = new Guarded();
    endless.push(new Uint8Array(MAX_HEAD_SIZE + 1).fill(65), size);
    assertEquals([endless.fault, endless.passed.length], ["head", 0]);
  }
  for (const head of ["GET / HTTP/1.1\na: b\n\n", "GET / HTTP/1.1\r\na: b\n\r\n", "GET / HTTP/1.1\na: b\r\n\n"]) {
    const guarded = new Guarded();
    guarded.push(new TextEncoder().encode(head));
    assertEquals(new TextDecoder().decode(guarded.passed), head);
  }
});

Deno.test("a head passes unchanged, except for a content length of 0", () => {
  const passed = (head: string) => {
    const guarded = new Guarded();
    guarded.push(Uint8Array.from(head, (character) => character.charCodeAt(0)));
    return String.fromCharCode(...guarded.passed);
  };
  for (const line of ["content-length: 0\r\n", "Content-Length:00 \r\n", "CONTENT-LENGTH:\t0\n"]) {
    assertEquals(
      passed(HEAD.replace("host: x\r\n", `a: \x80\xff\r\n${line}host: x\r\n`)),
      HEAD.replace("host", "a: \x80\xff\r\nhost"),
    );
  }
  for (const line of ["content-length: 5", "content-length: 0, 0", "x-content-length: 0", "a: content-length: 0"]) {
    const head = HEAD.replace("host: x", `host: x\r\n${line}`);
    assertEquals(passed(head), head);
  }
});

Deno.test("the outcome for any stream does not depend on how it is cut", () => {
  const frame = fc.tuple(fc.nat(255), fc.oneof(fc.nat(200), fc.nat(5000)))
    .map(([first, size]) => maskedFrame(first, size));
  const valid = fc.constantFrom(FIN | Opcode.TEXT, FIN | Opcode.BINARY, Opcode.TEXT, Opcode.CONTINUATION, FIN)
    .chain((first) => fc.nat(2500).map((size) => maskedFrame(first, size)));
  const control = fc.constantFrom(Opcode.PING, Opcode.PONG)
    .chain((opcode) => fc.nat(125).map((size) => maskedFrame(FIN | opcode, size)));
  const kinds = fc.oneof({ weight: 5, arbitrary: valid }, { weight: 2, arbitrary: control }, frame);
  fc.assert(fc.property(fc.array(kinds, { maxLength: 8 }), fc.integer({ min: 1, max: 3000 }), (frames, size) => {
    const stream = bytes(...frames);
    const whole = Guarded.upgraded(stream);
    const inPieces = Guarded.upgraded(stream, size);
    const seen = ({ fault, frames, pings, pongs, guard }: Guarded) => [fault, frames, pings, pongs, guard.isClosed];
    assertEquals(seen(inPieces), seen(whole));
    if (whole.fault === undefined) assertEquals(inPieces.passed, whole.passed);
  }));
});
