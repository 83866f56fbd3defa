import { assertEquals, assertNotEquals } from "@std/assert";
import { fragments } from "../../src/peap/fragmentation.ts";
import { messageId } from "../../src/peap/message_id.ts";
import { Peap } from "../../src/peap/mod.ts";
import { type Frame, Receipts } from "../../src/peap/receipts.ts";
import { FakeNetwork } from "./fake_network.ts";
import { vectorMessage } from "./fragment_vectors.ts";
import { patientClock } from "./patient_clock.ts";

/** The frames as a new client sees them. */
function arrive(contents: Uint8Array[], number?: number): Frame[] {
  const receipts = new Receipts();
  receipts.connectionOpened(false);
  if (number !== undefined) receipts.numberIs(number);
  return contents.map((each) => receipts.arrived(each).frame);
}

const whole = (text: string) => [...fragments(new TextEncoder().encode(text))];

Deno.test("a message pushed again has the same id, and an equal one that was sent separately another", () => {
  const hello = whole("hello");
  assertEquals(messageId(arrive(hello, 5)), messageId(arrive(hello, 5)));
  assertNotEquals(messageId(arrive(hello, 5)), messageId(arrive(hello, 6)));
  assertNotEquals(messageId(arrive(hello, 5)), messageId(arrive(whole("hallo"), 5))); // numbers may begin again
  assertNotEquals(messageId(arrive(hello)), messageId(arrive(hello))); // a 0.7.0 gateway pushes nothing twice
});

Deno.test("a long message's id comes from its set ids, with or without numbers and in any order of arrival", () => {
  const [one, other] = [[...fragments(vectorMessage(3000))], [...fragments(vectorMessage(3000))]];
  const id = messageId(arrive(one));
  assertEquals(messageId(arrive(one, 7)), id);
  assertEquals(messageId(arrive(one.toReversed(), 90).toReversed()), id);
  assertNotEquals(messageId(arrive(other)), id);
});

Deno.test("ids survive a client that ends before its acknowledgement", async () => {
  await using network = new FakeNetwork(true);
  const surroundings = { clock: patientClock };
  const options = { directory: network.directory, traffic: "none", surroundings } as const;
  await using bob = await Peap.connect(options);
  const [part1, part2] = [...fragments(vectorMessage(1500))];
  for (const frame of [...whole("same"), ...whole("same"), part1!, part2!]) network.store(bob.address, frame);
  const ids = async (client: Peap) => {
    const messages = client[Symbol.asyncIterator]();
    return [await messages.next(), await messages.next(), await messages.next()].map(({ value }) => value!.id);
  };
  const first = await ids(bob);
  assertEquals(new Set(first).size, 3);
  network.disconnect(bob.address, 4001); // bob's page has died
  await using again = await Peap.connect({ ...options, credentials: bob.credentials });
  assertEquals(await ids(again), first);
});
