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

Deno.test("covers count, and are done as they come", () => {
  const receipts = opened();
  receipts.coverArrived();
  const [a] = arrive(receipts, "a");
  receipts.coverArrived();
  assertEquals(receipts.acknowledge(), 1);
  a!.frame.done = true;
  assertEquals(receipts.acknowledge(), 3);
});

Deno.test("after a reconnect, what was not acknowledged is known again, in its state, and the count starts anew", () => {
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

Deno.test("a new frame of the same contents as one that was acknowledged is new", () => {
  const receipts = opened();
  arrive(receipts, "ping")[0]!.frame.done = true;
  assertEquals(receipts.acknowledge(), 1);
  receipts.connectionOpened(true);
  assertEquals(arrive(receipts, "ping")[0]!.isNew, true);
});

Deno.test("a frame that comes again is known once: one more of the same contents is new", () => {
  const receipts = opened();
  arrive(receipts, "ping", "ping");
  receipts.connectionOpened(true);
  assertEquals(arrive(receipts, "ping", "ping", "ping").map(({ isNew }) => isNew), [false, false, true]);
});

Deno.test("frames whose time at the gateway was over are not waited for", () => {
  const receipts = opened();
  arrive(receipts, "a", "b", "c");
  receipts.connectionOpened(true);
  assertEquals(arrive(receipts, "b", "c", "a").map(({ isNew }) => isNew), [false, false, true]);
});

Deno.test("once something new came, nothing is known again", () => {
  const receipts = opened();
  arrive(receipts, "a", "b");
  receipts.connectionOpened(true);
  assertEquals(arrive(receipts, "x", "a").map(({ isNew }) => isNew), [true, true]);
});

Deno.test("a connection that breaks before all came again leaves the rest to the next one", () => {
  const receipts = opened();
  arrive(receipts, "a", "b", "c");
  receipts.connectionOpened(true);
  arrive(receipts, "a");
  receipts.connectionOpened(true);
  receipts.connectionOpened(true);
  receipts.coverArrived(); // not one of those
  assertEquals(arrive(receipts, "a", "b", "c", "d").map(({ isNew }) => isNew), [false, false, false, true]);
});

Deno.test("a gateway that knows no acknowledgements pushes nothing again", () => {
  const receipts = opened();
  arrive(receipts, "a", "b");
  receipts.connectionOpened(false);
  assertEquals(arrive(receipts, "a", "b").map(({ isNew }) => isNew), [true, true]);
});
