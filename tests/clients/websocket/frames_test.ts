import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { FrameKind, type WebSocketEvent, WebSocketReader, writeHeader } from "../../../src/clients/websocket/frames.ts";
import { clientFrame } from "./client_frame.ts";

const LIMIT = 4096;
const text = (message: string) => new TextEncoder().encode(message);

function read(...chunks: Uint8Array[]): WebSocketEvent[] {
  const reader = new WebSocketReader(LIMIT);
  return chunks.flatMap((chunk) => [...reader.push(chunk)]);
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("the examples of RFC 6455 §5.7 that a client sends", () => {
  const hello = Uint8Array.of(0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58);
  assertEquals(read(hello), [{ kind: "text", text: "Hello" }]);
  const pong = Uint8Array.of(0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58);
  assertEquals(read(pong), [{ kind: "pong" }]);
});

Deno.test("messages of all sizes come out as they went in, wherever the stream is cut", () => {
  const message = fc.uint8Array({ maxLength: LIMIT });
  fc.assert(fc.property(fc.array(message, { maxLength: 5 }), fc.array(fc.nat(5000)), (messages, cuts) => {
    const stream = join(...messages.map((bytes) => clientFrame(FrameKind.BINARY, bytes)));
    const points = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
    const chunks = points.slice(1).map((end, i) => stream.slice(points[i], end));
    assertEquals(read(...chunks), messages.map((bytes) => ({ kind: "binary", bytes: Uint8Array.from(bytes) })));
  }));
});

Deno.test("single bytes make the same messages", () => {
  const stream = join(
    clientFrame(FrameKind.TEXT, text("καλημέρα")),
    clientFrame(FrameKind.PING, text("?")),
    clientFrame(FrameKind.BINARY, new Uint8Array(300).fill(7)),
  );
  const events = read(...[...stream].map((byte) => Uint8Array.of(byte)));
  assertEquals(events.map(({ kind }) => kind), ["text", "ping", "binary"]);
});

Deno.test("a message in parts is one, with control frames between its parts", () => {
  const events = read(join(
    clientFrame(FrameKind.TEXT, text("Hel"), { fin: false }),
    clientFrame(FrameKind.PING, text("are you there")),
    clientFrame(0, text(""), { fin: false }),
    clientFrame(0, text("lo")),
    clientFrame(FrameKind.BINARY, text("next")),
  ));
  assertEquals(events, [
    { kind: "ping", bytes: text("are you there") },
    { kind: "text", text: "Hello" },
    { kind: "binary", bytes: text("next") },
  ]);
});

Deno.test("more than the limit is refused by its header, in one frame or in parts", () => {
  const whole = clientFrame(FrameKind.BINARY, new Uint8Array(0), { announced: LIMIT + 1 });
  assertEquals(read(whole), [{ kind: "oversized" }]);
  const huge = clientFrame(FrameKind.TEXT, new Uint8Array(0), { announced: 2 ** 40 });
  assertEquals(read(huge), [{ kind: "oversized" }]);
  const half = clientFrame(FrameKind.BINARY, new Uint8Array(LIMIT / 2), { fin: false });
  const rest = clientFrame(0, new Uint8Array(0), { announced: LIMIT / 2 + 1 });
  assertEquals(read(half, rest), [{ kind: "oversized" }]);
  assertEquals(read(clientFrame(FrameKind.BINARY, new Uint8Array(LIMIT))).length, 1);
});

Deno.test("endless empty parts of a message cost nothing", () => {
  const reader = new WebSocketReader(LIMIT);
  const begin = clientFrame(FrameKind.TEXT, text("a"), { fin: false });
  const empty = clientFrame(0, text(""), { fin: false });
  assertEquals([...reader.push(begin)], []);
  for (let i = 0; i < 100_000; i++) assertEquals([...reader.push(empty)].length, 0);
  assertEquals([...reader.push(clientFrame(0, text("b")))], [{ kind: "text", text: "ab" }]);
});

Deno.test("what no client may send corrupts the stream, and nothing after it is read", () => {
  const after = clientFrame(FrameKind.TEXT, text("after"));
  const faults: [Uint8Array, string][] = [
    [Uint8Array.of(0x81, 0x00), "not masked"],
    [clientFrame(0x41, text("x")), "reserved bit"],
    [clientFrame(3, text("x")), "unknown opcode"],
    [clientFrame(0xb, text("x")), "unknown opcode"],
    [clientFrame(FrameKind.PING, text("x"), { fin: false }), "control frame"],
    [clientFrame(FrameKind.PING, new Uint8Array(126)), "control frame"],
    [clientFrame(0, text("x")), "out of order"],
    [join(clientFrame(1, text("x"), { fin: false }), clientFrame(1, text("x"))), "out of order"],
    [clientFrame(FrameKind.TEXT, Uint8Array.of(0xff, 0xfe)), "not UTF-8"],
  ];
  for (const [frame, reason] of faults) {
    const events = read(join(frame, new Uint8Array(8)), after);
    assertEquals(events.length, 1, reason);
    assert(events[0]!.kind === "corrupt" && events[0]!.reason.includes(reason), reason);
  }
});

Deno.test("a close frame tells its code, and ends the reading", () => {
  const after = clientFrame(FrameKind.TEXT, text("after"));
  assertEquals(read(clientFrame(FrameKind.CLOSE, Uint8Array.of(3, 232)), after), [{ kind: "close", code: 1000 }]);
  assertEquals(read(clientFrame(FrameKind.CLOSE, new Uint8Array(0)), after), [{ kind: "close", code: undefined }]);
});

Deno.test("no bytes make the reader throw or hold more than a message", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
      for (const event of read(...chunks)) if (event.kind === "binary") assert(event.bytes.length <= LIMIT);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("our headers are those of RFC 6455 §5.2", () => {
  const header = (size: number) => {
    const bytes = new Uint8Array(12);
    return [...bytes.subarray(1, 1 + writeHeader(bytes, 1, FrameKind.BINARY, size))];
  };
  assertEquals(header(0), [0x82, 0]);
  assertEquals(header(125), [0x82, 125]);
  assertEquals(header(126), [0x82, 126, 0, 126]);
  assertEquals(header(65_535), [0x82, 126, 0xff, 0xff]);
  assertEquals(header(65_536), [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
});
