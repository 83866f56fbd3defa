import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { SentBodies } from "../../src/directory_server/sent_bodies.ts";

const SIZE = 200_000;

/** A body that is long enough to be shared, of bytes with this value. */
function body(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(SIZE).fill(value);
}

function share(sent: SentBodies, body: Uint8Array<ArrayBuffer>): Response {
  return new Response(sent.share(body));
}

Deno.test("readers of a long body get all of it, and it counts once until the last has read it", async () => {
  const sent = new SentBodies(3 * SIZE);
  const shared = body(1);
  const readers = Array.from({ length: 20 }, () => share(sent, shared));
  assert(!sent.areMany);
  const other = share(sent, body(2));
  assert(sent.areMany);
  for (const reader of readers) assertEquals(await reader.bytes(), shared);
  assert(!sent.areMany);
  await other.body!.cancel();
  assertEquals(await share(sent, body(3)).bytes(), body(3));
});

Deno.test("readers that leave early, and their bodies, are forgotten", async () => {
  const sent = new SentBodies(SIZE);
  for (let n = 0; n < 5; n++) {
    const reader = share(sent, body(n));
    assert(sent.areMany);
    await reader.body!.cancel();
    assert(!sent.areMany);
  }
});

Deno.test("when too much is being read, the readers of the oldest body are disconnected", async () => {
  const sent = new SentBodies(2 * SIZE);
  const [oldest, second, third] = [body(1), body(2), body(3)];
  const slow = [share(sent, oldest), share(sent, oldest)];
  const others = [share(sent, second), share(sent, third)];
  for (const reader of slow) await assertRejects(() => reader.bytes(), Error, "too many");
  assertEquals(await others[0]!.bytes(), second);
  assertEquals(await others[1]!.bytes(), third);
  assert(!sent.areMany);
});

Deno.test("a short body is not shared, and one above the maximum is read alone", async () => {
  const sent = new SentBodies(SIZE - 1);
  const short = new Uint8Array(1000);
  assertStrictEquals(sent.share(short), short);
  assertEquals(await share(sent, body(1)).bytes(), body(1));
});
