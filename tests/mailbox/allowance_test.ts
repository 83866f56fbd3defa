import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { inboxAllowance, NO_LIMITS } from "../../src/mailbox/limits.ts";
import { range } from "./messages.ts";

/** The default limits. */
const LIMITS = { ...NO_LIMITS, inboxBytes: 100_000_000, mailboxBytes: 10_000_000_000, registeredClients: 200_000 };
const GUARANTEE = 6250;

const allowance = (limits: typeof LIMITS, bytes: number) => inboxAllowance(limits, { messages: 0, bytes }).bytes;

/** The total once an attacker has filled this many inboxes, one after the other, in steps of `size` bytes. */
function filled(inboxes: number, size: number): number {
  let total = 0;
  for (const _ of range(inboxes)) {
    let bytes = 0;
    while (bytes + size <= allowance(LIMITS, total + size)) {
      bytes += size;
      total += size;
    }
  }
  return total;
}

/** The bytes that one more inbox still takes. */
function room(total: number): number {
  let bytes = 0;
  while (bytes + 1000 <= allowance(LIMITS, total + bytes + 1000)) bytes += 1000;
  return bytes;
}

Deno.test("after a flood of a hundred inboxes any other still takes 10 MB, and after a thousand 100 KB", () => {
  assertEquals(room(filled(40, 1_000_000)), 100_000_000);
  assert(room(filled(100, 100_000)) > 10_000_000, `${room(filled(100, 100_000))}`);
  assert(room(filled(1000, 10_000)) > 100_000, `${room(filled(1000, 10_000))}`);
});

Deno.test("however inboxes are filled, each gets its guarantee, and all together stay below the limit", () => {
  const limits = { ...LIMITS, mailboxBytes: 100_000, inboxBytes: 20_000, registeredClients: 20 };
  const guarantee = 100_000 / 8 / 20;
  const message = fc.record({ inbox: fc.nat({ max: 19 }), size: fc.integer({ min: 1, max: 2000 }) });
  fc.assert(fc.property(fc.array(message, { maxLength: 300, size: "max" }), (messages) => {
    const inboxes = new Map<number, number>();
    let total = 0;
    for (const { inbox, size } of messages) {
      const bytes = (inboxes.get(inbox) ?? 0) + size;
      const isTaken = bytes <= allowance(limits, total + size);
      if (bytes <= Math.floor(guarantee)) assert(isTaken, `${bytes} of ${guarantee} bytes were refused at ${total}`);
      if (!isTaken) continue;
      inboxes.set(inbox, bytes);
      total += size;
      assert(total <= limits.mailboxBytes && bytes <= limits.inboxBytes);
    }
  }));
});

Deno.test("the fuller the mailbox, the smaller the allowance of an inbox, down to the guarantee", () => {
  const allowances = range(101).map((percent) => allowance(LIMITS, percent * LIMITS.mailboxBytes / 100));
  assertEquals(allowances.slice(0, 51), Array(51).fill(LIMITS.inboxBytes));
  assertEquals(allowances, allowances.toSorted((a, b) => b - a));
  assertEquals(allowances.slice(-13), Array(13).fill(GUARANTEE));
  assertEquals(allowance(LIMITS, LIMITS.mailboxBytes + 1), 0);
  assertEquals(allowance(NO_LIMITS, 1e15), Infinity);
});
