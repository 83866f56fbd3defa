import { assertEquals } from "@std/assert";
import { numberOf, range } from "../mailbox/messages.ts";
import type { TestClient } from "../support/test_client.ts";
import { ClientsRig } from "./clients_rig.ts";

/** The next `count` frames: a message's number in its own bytes, or what a text frame says. */
async function frames(client: TestClient, count: number): Promise<unknown[]> {
  const received: unknown[] = [];
  while (received.length < count) {
    const frame = await client.next();
    received.push(typeof frame === "string" ? JSON.parse(frame) : numberOf(frame));
  }
  return received;
}

/** The number that a text frame says; undefined for any other. */
function numberIn(frame: unknown): number | undefined {
  const { type, number } = Object(frame) as { type?: string; number?: number };
  return type === "number" ? number : undefined;
}

Deno.test("a client that wants numbers is told that of the first message, and later ones count up from there", async () => {
  await using rig = await ClientsRig.start();
  await rig.store(1, range(3));
  const login = { ...rig.authentication(1), numbers: true, acknowledgements: true };
  let first: number | undefined;
  {
    await using bob = await rig.connect();
    await bob.request(login);
    const [number, ...messages] = await frames(bob, 4);
    first = numberIn(number);
    assertEquals([Number.isSafeInteger(first), messages], [true, [0, 1, 2]]);
    await rig.store(1, [3]);
    assertEquals(await frames(bob, 1), [3]);
    bob.send(JSON.stringify({ type: "received", frames: 2 }));
    await bob.request({ type: "ping" }); // so that it has been read
  }
  await using again = await rig.connect();
  await again.request(login);
  const [number, ...messages] = await frames(again, 3);
  assertEquals([numberIn(number), messages], [first! + 2, [2, 3]]);
});

Deno.test("a client that does not ask gets no other frame than before", async () => {
  await using rig = await ClientsRig.start();
  for (const [n, more] of [{}, { acknowledgements: true }, { numbers: 1 }].entries()) {
    await rig.store(n, range(3));
    await using bob = await rig.connect();
    assertEquals(await bob.request({ ...rig.authentication(n), ...more }), {
      type: "authenticate",
      status: true,
      acknowledgements: true,
    });
    assertEquals(await frames(bob, 3), [0, 1, 2]);
  }
});
