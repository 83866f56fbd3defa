import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { fragmentCount, fragments, LONGEST_MESSAGE } from "../../src/peap/fragmentation.ts";
import { Outbox, OutgoingMessage, type Progress } from "../../src/peap/outbox.ts";
import { vectorMessage } from "./fragment_vectors.ts";

const to = { client: new Uint8Array(32), gateway: new Uint8Array(32) };

Deno.test("the number of packets is known before they are made", () => {
  const lengths = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 246_000, max: 800_000 }));
  fc.assert(
    fc.property(lengths, (length) => {
      assertEquals(fragmentCount(length), [...fragments(new Uint8Array(length))].length);
    }),
    { numRuns: 50 },
  );
  assertThrows(() => fragmentCount(LONGEST_MESSAGE + 1), RangeError);
});

Deno.test("messages take turns: a short one passes long ones", () => {
  const outbox = new Outbox();
  const [long, longer, short] = [5000, 9000, 10].map((size) => new OutgoingMessage(to, vectorMessage(size)));
  outbox.add(long!);
  outbox.add(longer!);
  assertEquals([outbox.next()?.message, outbox.next()?.message], [long, longer]);
  outbox.add(short!);
  const order = Array.from({ length: 3 }, () => outbox.next()?.message);
  assertEquals(order.indexOf(short), 2);
  const rest = [];
  for (let part = outbox.next(); part; part = outbox.next()) rest.push(part);
  assertEquals(rest.length, fragmentCount(5000) + fragmentCount(9000) - 4);
});

Deno.test("a message is sent once all its packets are accepted, and what comes back is sent again", async () => {
  const outbox = new Outbox();
  const progress: Progress[] = [];
  const message = new OutgoingMessage(to, vectorMessage(2000), (now) => progress.push(now));
  outbox.add(message);
  const parts = [outbox.next()!, outbox.next()!, outbox.next()!];
  assertEquals(outbox.next(), undefined);
  outbox.putBack(parts[1]!);
  message.accepted();
  message.accepted();
  assertEquals(outbox.next(), parts[1]);
  message.accepted();
  await message.sent;
  assertEquals(progress, [1, 2, 3].map((sent) => ({ sent, total: 3 })));
});

Deno.test("a message that is given up sends nothing more", async () => {
  const outbox = new Outbox();
  const [one, other] = [new OutgoingMessage(to, vectorMessage(3000)), new OutgoingMessage(to, vectorMessage(10))];
  outbox.add(one);
  outbox.add(other);
  const part = outbox.next()!;
  one.fail(new RangeError("enough"));
  outbox.remove(one);
  outbox.putBack(part);
  assertEquals([outbox.next()?.message, outbox.next()], [other, undefined]);
  await assertRejects(() => one.sent, RangeError, "enough");
  outbox.failAll(new RangeError("all of them"));
  await assertRejects(() => other.sent, RangeError, "all of them");
});
