import { assertEquals } from "@std/assert";
import { Arrivals } from "./arrivals.ts";
import { LOOP_COVER, MESSAGE_SIZE, type Plan } from "./plan.ts";

/** Numbers 8 to 15: even ones over connection 0, odd ones over 1; 8, 9, 12 and 13 are for client 0. */
const PLAN: Plan = { first: 8, count: 8, clients: 2, connections: 2, realEvery: 1 };

function message(number: number): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_SIZE);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function arrivals(): Arrivals {
  return new Arrivals(PLAN, new Float64Array(PLAN.count));
}

Deno.test("a load is complete when every message has arrived at its client, with connections in any order", () => {
  const account = arrivals();
  account.came(0, [9, 8, 13, 12].map(message));
  account.came(1, [10, 11].map(message));
  assertEquals(account.complete, false);
  account.came(1, [14, 15].map(message));
  assertEquals(account.complete, true);
  const { ended: _, ...counts } = account.report;
  assertEquals(counts, { expected: 8, received: 8, duplicates: 0, disordered: 0, misdelivered: 0, covers: 0 });
  assertEquals(account.times.every((time) => time > 0), true);
});

Deno.test("a load records duplicate, disordered and misdelivered messages, and cover traffic", () => {
  const account = arrivals();
  account.came(0, [12, 8, 8, 10, 99].map(message));
  account.came(1, [LOOP_COVER]);
  const { received, duplicates, disordered, misdelivered, covers } = account.report;
  assertEquals(
    { received, duplicates, disordered, misdelivered, covers },
    { received: 2, duplicates: 1, disordered: 1, misdelivered: 2, covers: 1 },
  );
});
