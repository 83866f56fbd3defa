import { assertEquals } from "@std/assert";
import { type Frame, Receipts } from "../../src/peap/receipts.ts";

const encoder = new TextEncoder();

function arrive(receipts: Receipts, ...contents: string[]): { frame: Frame; isNew: boolean }[] {
  return contents.map((text) => receipts.arrived(encoder.encode(text)));
}

function opened(): Receipts {
  const receipts = new Receipts();
  receipts.connectionOpened(false);
  return receipts;
}

Deno.test("frames are acknowledged up to the first that is not done", () => {
  const receipts = opened();
  assertEquals(receipts.acknowledge(), 0);
  const [a, b, c] = arrive(receipts, "a", "b", "c");
  b!.frame.done = true;
  assertEquals(receipts.acknowledge(), 0);
  a!.frame.done = true;
  assertEquals(receipts.acknowledge(), 2);
  c!.frame.done = true;
  assertEquals(receipts.acknowledge(), 3);
});

Deno.test("cover frames count, and are done on arrival", () => {
  const receipts = opened();
  receipts.coverArrived();
  const [a] = arrive(receipts, "a");
  receipts.coverArrived();
  assertEquals(receipts.acknowledge(), 1);
  a!.frame.done = true;
  assertEquals(receipts.acknowledge(), 3);
});

Deno.test("after a reconnect, unacknowledged frames are recognized and keep their state, and the count restarts", () => {
  const receipts = opened();
  const before = arrive(receipts, "a", "b", "c", "d");
  receipts.coverArrived();
  before[0]!.frame.done = before[2]!.frame.done = true;
  assertEquals(receipts.acknowledge(), 1);

  receipts.connectionOpened(true);
  const again = arrive(receipts, "b", "c", "d", "e");
  assertEquals(again.map(({ isNew }) => isNew), [false, false, false, true]);
  assertEquals(again.slice(0, 3).map(({ frame }) => frame), before.slice(1).map(({ frame }) => frame));
  assertEquals(receipts.acknowledge(), 0);
  before[1]!.frame.done = true;
  assertEquals(receipts.acknowledge(), 2);
});

Deno.test("a frame with the contents of an acknowledged one is new", () => {
  const receipts = opened();
  arrive(receipts, "ping")[0]!.frame.done = true;
  assertEquals(receipts.acknowledge(), 1);
  receipts.connectionOpened(true);
  assertEquals(arrive(receipts, "ping")[0]!.isNew, true);
});

Deno.test("a frame pushed again is recognized once: another one with the same contents is new", () => {
  const receipts = opened();
  arrive(receipts, "ping", "ping");
  receipts.connectionOpened(true);
  assertEquals(arrive(receipts, "ping", "ping", "ping").map(({ isNew }) => isNew), [false, false, true]);
});

Deno.test("frames that expired at the gateway are skipped", () => {
  const receipts = opened();
  arrive(receipts, "a", "b", "c");
  receipts.connectionOpened(true);
  assertEquals(arrive(receipts, "b", "c", "a").map(({ isNew }) => isNew), [false, false, true]);
});

Deno.test("after the first new frame, no frame is recognized", () => {
  const receipts = opened();
  arrive(receipts, "a", "b");
  receipts.connectionOpened(true);
  assertEquals(arrive(receipts, "x", "a").map(({ isNew }) => isNew), [true, true]);
});

Deno.test("with numbers, frames after one whose acknowledgement got lost are recognized", () => {
  const receipts = opened();
  receipts.numberIs(7);
  const before = arrive(receipts, "a", "b", "c");
  before[0]!.frame.done = true;
  assertEquals(receipts.acknowledge(), 1); // and the gateway does not get it

  receipts.connectionOpened(true);
  receipts.numberIs(7);
  const again = arrive(receipts, "a", "b", "c", "d");
  assertEquals(again.map(({ isNew }) => isNew), [true, false, false, true]);
  again[0]!.frame.done = true;
  assertEquals(receipts.acknowledge(), 1);
  before[1]!.frame.done = true;
  assertEquals(receipts.acknowledge(), 2);
});

Deno.test("frames not pushed again before the connection breaks are expected on the next one", () => {
  const receipts = opened();
  arrive(receipts, "a", "b", "c");
  receipts.connectionOpened(true);
  arrive(receipts, "a");
  receipts.connectionOpened(true);
  receipts.connectionOpened(true);
  receipts.coverArrived(); // not an expected frame
  assertEquals(arrive(receipts, "a", "b", "c", "d").map(({ isNew }) => isNew), [false, false, false, true]);
});

Deno.test("nothing is expected again from a gateway without acknowledgements", () => {
  const receipts = opened();
  arrive(receipts, "a", "b");
  receipts.connectionOpened(false);
  assertEquals(arrive(receipts, "a", "b").map(({ isNew }) => isNew), [true, true]);
});
