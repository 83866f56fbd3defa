import { assert, assertEquals } from "@std/assert";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import type { UnwrapBatch } from "../../src/sphinx/slots.ts";
import { readOutcome, SLOT_SIZE } from "../../src/sphinx/slots.ts";
import { Unwrapping } from "../../src/unwrapping/unwrapping.ts";
import { range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { packetFor, randomClientAddress } from "../support/packets.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { FRAIL } from "./frail.ts";

const FRAIL_WORKER = new URL("./frail_worker.ts", import.meta.url);
const DIFFERENT = 25;
/** ms */
const SHORT_PERIOD = 100;

/** Packets of `DIFFERENT` kinds, over and over, and the kinds that came out. */
class Stream {
  readonly out: number[] = [];
  readonly #packets: Uint8Array[];
  #in = 0;

  constructor(publicKey: Uint8Array) {
    const client = randomClientAddress();
    this.#packets = range(DIFFERENT).map((kind) => packetFor(publicKey, client, Uint8Array.of(kind)));
  }

  readonly take = (results: Uint8Array, packets: number): void => {
    for (const i of range(packets)) {
      const outcome = readOutcome(results, i);
      if (outcome.kind !== "message") throw new Error(`no message: ${JSON.stringify(outcome)}`);
      this.out.push(outcome.message[0]!);
    }
  };

  /** As the listener does: with room for each, and a turn of the event loop after each read. */
  async send(unwrapping: Unwrapping, packets: number): Promise<void> {
    for (let i = 0; i < packets; i++) {
      for (let room = unwrapping.room(); room !== undefined; room = unwrapping.room()) await room;
      unwrapping.add(this.#packets[this.#in++ % DIFFERENT]!);
    }
    unwrapping.flush();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  assertWhole(): void {
    assertEquals(this.out, range(this.#in).map((i) => i % DIFFERENT));
  }
}

Deno.test("a few packets are unwrapped without workers, before the next ones are taken", async () => {
  using _silence = new Silence();
  const { privateKey, publicKey } = generateKeyPair();
  const stream = new Stream(publicKey);
  await using unwrapping = await Unwrapping.start(privateKey, "final", 2, stream.take, () => assert(false));
  await stream.send(unwrapping, 1);
  stream.assertWhole();
  await stream.send(unwrapping, 60); // more than a batch
  stream.assertWhole();
  assertEquals([unwrapping.wanted, unwrapping.alive, unwrapping.queued], [0, 0, 0]);
});

Deno.test("workers come when there is much to do and go when there is not; the order stays", async () => {
  using _silence = new Silence();
  const { privateKey, publicKey } = generateKeyPair();
  const stream = new Stream(publicKey);
  {
    const { take } = stream;
    await using unwrapping = await Unwrapping.start(privateKey, "final", 2, take, () => assert(false), SHORT_PERIOD);
    for (const _ of range(2)) {
      for (const end = Date.now() + 10_000; unwrapping.alive < 2;) {
        assert(Date.now() < end, "no workers come");
        await stream.send(unwrapping, 100);
      }
      assertEquals(unwrapping.wanted, 2);
      await stream.send(unwrapping, 500);
      await eventually("the workers are ended", () => unwrapping.alive === 0);
      assertEquals(unwrapping.wanted, 0);
      await stream.send(unwrapping, 1);
      stream.assertWhole();
    }
    await stream.send(unwrapping, 10);
  }
  stream.assertWhole();
});

Deno.test("what can't be unwrapped here goes to workers, and all that comes after it", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.file("no start"), ""); // the first attempt to start workers fails
  const out: (number | string)[] = [];
  {
    await using unwrapping = await startFrail(folder, out);
    await addFrail(unwrapping, range(10), FRAIL.harmless);
    assertEquals(out, range(10));
    await addFrail(unwrapping, [10], FRAIL.deadly);
    assertEquals([unwrapping.wanted, unwrapping.alive, unwrapping.queued], [2, 0, 1]);
    await addFrail(unwrapping, range(100, 11), FRAIL.harmless);
    assertEquals(unwrapping.wanted, 2);
  }
  // The deadly one was lost with what came between it and the workers: a batch.
  assertEquals(out, [...range(10), "47 lost", ...range(54, 57)]);
});

Deno.test("packets that neither can be unwrapped here nor by workers that don't start are counted as lost", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.file("no start"), "");
  const out: (number | string)[] = [];
  {
    await using unwrapping = await startFrail(folder, out);
    await addFrail(unwrapping, [0], FRAIL.deadly);
  }
  assertEquals(out, ["1 lost"]);
});

/** Two frail workers, and a way to unwrap here that is as frail. */
async function startFrail(folder: TemporaryFolder, out: (number | string)[]): Promise<Unwrapping> {
  const unwrapBatch: UnwrapBatch = (batch) => {
    if (batch[0] === FRAIL.deadly) throw new Error("a deadly packet");
  };
  const onResults = (results: Uint8Array, packets: number) => {
    const view = new DataView(results.buffer, results.byteOffset);
    out.push(...range(packets).map((i) => view.getUint32(i * SLOT_SIZE + 1)));
  };
  return await Unwrapping.start(
    new TextEncoder().encode(folder.path),
    "final",
    2,
    onResults,
    (packets) => out.push(`${packets} lost`),
    SHORT_PERIOD,
    () => Promise.resolve({ name: "frailty", unwrapBatch }),
    FRAIL_WORKER,
  );
}

async function addFrail(unwrapping: Unwrapping, numbers: readonly number[], kind: number): Promise<void> {
  for (const number of numbers) {
    const packet = new Uint8Array(PACKET_SIZE);
    packet[0] = kind;
    new DataView(packet.buffer).setUint32(1, number);
    for (let room = unwrapping.room(); room !== undefined; room = unwrapping.room()) await room;
    unwrapping.add(packet);
  }
  unwrapping.flush();
}
