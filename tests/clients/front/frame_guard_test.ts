import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Fault, FrameGuard, MAX_HEAD_SIZE, MAX_MESSAGE_SIZE } from "../../../src/clients/front/frame_guard.ts";
import { Opcode } from "../../../src/clients/front/frame_header.ts";
import { bytes, HEAD, maskedFrame } from "./streams.ts";

const FIN = 0x80;
const HEAD_BYTES = new TextEncoder().encode(HEAD);

/** What passes of a stream that comes in pieces of `size` bytes, and what is wrong with it. */
function guarded(
  stream: Uint8Array,
  size = stream.length,
): { passed: number; fault: Fault | undefined; frames: number } {
  const guard = upgraded();
  let passed = 0;
  for (let at = 0; at < stream.length; at += size) passed += guard.push(stream.subarray(at, at + size));
  return { passed, fault: guard.fault, frames: guard.frames };
}

function upgraded(): FrameGuard {
  const guard = new FrameGuard();
  guard.isUpgraded = true;
  return guard;
}

const afterHead = (...frames: Uint8Array[]) => bytes(HEAD_BYTES, ...frames);
const text = (size: number) => maskedFrame(FIN | Opcode.TEXT, size);

Deno.test("a head and frames within the bounds pass, in whatever pieces they come", () => {
  const stream = afterHead(
    text(0),
    text(125),
    text(126),
    maskedFrame(FIN | Opcode.BINARY, MAX_MESSAGE_SIZE),
    maskedFrame(FIN | Opcode.PING, 125),
    maskedFrame(FIN | Opcode.CLOSE, 2),
  );
  for (const size of [1, 2, 7, stream.length]) {
    assertEquals(guarded(stream, size), { passed: stream.length, fault: undefined, frames: 6 });
  }
});

Deno.test("a message has its bound over all its fragments, and control frames may come between", () => {
  const first = maskedFrame(Opcode.TEXT, 4000);
  const last = maskedFrame(FIN | Opcode.CONTINUATION, 96);
  const ping = maskedFrame(FIN | Opcode.PING, 125);
  const whole = afterHead(first, ping, last, text(MAX_MESSAGE_SIZE));
  assertEquals(guarded(whole).passed, whole.length);
  const beyond = afterHead(first, ping, maskedFrame(Opcode.CONTINUATION, 97));
  const passed = afterHead(first, ping).length;
  assertEquals(guarded(beyond), { passed, fault: "too big", frames: 3 });
});

Deno.test("of a frame beyond the bound nothing passes, nor of what comes after it", () => {
  const passed = afterHead(text(5)).length;
  for (const size of [MAX_MESSAGE_SIZE + 1, 65_536, 2 ** 26, 2 ** 53, 2 ** 63]) {
    const stream = afterHead(text(5), maskedFrame(FIN | Opcode.BINARY, size, 10), text(5));
    assertEquals(guarded(stream), { passed, fault: "too big", frames: 2 });
    assertEquals(guarded(stream, 1).fault, "too big");
  }
});

Deno.test("what is no frame of a client ends the stream", () => {
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
  for (const stream of wrong) assertEquals(guarded(afterHead(stream)).fault, "malformed");
});

Deno.test("what a pong carries is told, however it is cut, and of no other frame", () => {
  const mask = Uint8Array.of(1, 2, 3, 4);
  const masked = (opcode: number, payload: Uint8Array) =>
    bytes(Uint8Array.of(FIN | opcode, 0x80 | payload.length), mask, payload.map((byte, i) => byte ^ mask[i % 4]!));
  const payloads = [0, 1, 8, 125].map((size) => crypto.getRandomValues(new Uint8Array(size)));
  const stream = afterHead(
    ...payloads.flatMap((payload) => [masked(Opcode.PONG, payload), masked(Opcode.PING, payload), text(300)]),
  );
  for (const size of [1, 5, stream.length]) {
    const pongs: Uint8Array[] = [];
    const guard = new FrameGuard((payload) => {
      pongs.push(payload);
      return payload.length === 8;
    });
    guard.isUpgraded = true;
    for (let at = 0; at < stream.length; at += size) guard.push(stream.subarray(at, at + size));
    assertEquals([pongs, guard.fault], [payloads.slice(1), undefined]); // who is asked for something answers it
    assertEquals(guard.frames, 3 * payloads.length - 1); // and has sent the answer not by himself
  }
});

Deno.test("before its request is upgraded nothing but the head of a client passes", () => {
  const stream = afterHead(text(5));
  for (const size of [1, stream.length]) {
    const guard = new FrameGuard();
    let passed = 0;
    for (let at = 0; at < stream.length; at += size) passed += guard.push(stream.subarray(at, at + size));
    assertEquals([passed, guard.fault, guard.frames], [HEAD_BYTES.length, "malformed", 0]);
  }
  const patient = new FrameGuard();
  assertEquals(patient.push(HEAD_BYTES), HEAD_BYTES.length);
  patient.isUpgraded = true;
  assertEquals([patient.push(text(5)), patient.fault], [text(5).length, undefined]);
});

Deno.test("a head without end is cut off, and an empty line ends it however lines end", () => {
  const endless = new Uint8Array(MAX_HEAD_SIZE + 1).fill(65);
  assertEquals(guarded(endless).fault, "head");
  assertEquals(guarded(endless, 1).passed, MAX_HEAD_SIZE);
  for (const head of ["GET / HTTP/1.1\na: b\n\n", "GET / HTTP/1.1\r\na: b\n\r\n", "GET / HTTP/1.1\na: b\r\n\n"]) {
    assertEquals(guarded(bytes(new TextEncoder().encode(head), text(1))).frames, 1);
  }
});

Deno.test("whatever comes, how it is cut does not matter, and no message beyond the bound passes", () => {
  const frame = fc.tuple(fc.nat(255), fc.oneof(fc.nat(200), fc.nat(5000)))
    .map(([first, size]) => maskedFrame(first, size));
  const valid = fc.constantFrom(FIN | Opcode.TEXT, FIN | Opcode.BINARY, Opcode.TEXT, Opcode.CONTINUATION, FIN)
    .chain((first) => fc.nat(2500).map((size) => maskedFrame(first, size)));
  const streams = fc.array(fc.oneof({ weight: 5, arbitrary: valid }, frame), { maxLength: 8 });
  fc.assert(fc.property(streams, fc.integer({ min: 1, max: 3000 }), (frames, size) => {
    const stream = afterHead(...frames);
    const { fault, frames: count } = guarded(stream);
    const inPieces = guarded(stream, size);
    assertEquals([inPieces.fault, inPieces.frames], [fault, count]);
    if (fault === undefined) assertEquals(inPieces.passed, stream.length);
  }));
});
