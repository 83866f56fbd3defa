import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { readOutcome, SLOT_SIZE } from "../../src/sphinx/slots.ts";
import { BATCH_SIZE, UnwrappingPool } from "../../src/unwrapping/pool.ts";
import { range } from "../mailbox/messages.ts";
import { craftedPacket, finalPayload, packetFor, randomClientAddress } from "../support/packets.ts";
import { eventually } from "../support/eventually.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { FRAIL } from "./frail.ts";

const FRAIL_WORKER = new URL("./frail_worker.ts", import.meta.url);

/** A packet for the frail worker. */
function frail(number: number, kind: number = FRAIL.harmless): Uint8Array {
  const packet = new Uint8Array(PACKET_SIZE);
  packet[0] = kind;
  new DataView(packet.buffer).setUint32(1, number);
  return packet;
}

/** A pool of frail workers, and what came out of it in order: numbers, and how many were lost. */
class FrailPool {
  readonly out: (number | { lost: number })[] = [];
  pool!: UnwrappingPool;

  static async start(folder: TemporaryFolder, workers: number): Promise<FrailPool> {
    const frailPool = new FrailPool();
    frailPool.pool = await UnwrappingPool.start(
      new TextEncoder().encode(folder.path),
      "final",
      workers,
      (results, packets) => {
        assertEquals(results.length, packets * SLOT_SIZE);
        const view = new DataView(results.buffer, results.byteOffset);
        frailPool.out.push(...range(packets).map((i) => view.getUint32(i * SLOT_SIZE + 1)));
      },
      (packets) => frailPool.out.push({ lost: packets }),
      FRAIL_WORKER,
    );
    return frailPool;
  }

  async add(packet: Uint8Array): Promise<void> {
    for (let room = this.pool.room(); room !== undefined; room = this.pool.room()) await room;
    this.pool.add(packet);
  }

  /** A full batch in one go: between packets that are added one by one, a worker may take what there is so far. */
  async addBatch(packets: readonly Uint8Array[]): Promise<void> {
    assertEquals(packets.length, BATCH_SIZE / SLOT_SIZE);
    for (let room = this.pool.room(); room !== undefined; room = this.pool.room()) await room;
    for (const packet of packets) this.pool.add(packet);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool[Symbol.asyncDispose]();
  }
}

Deno.test("packets come back unwrapped, in the order of arrival", async () => {
  using _silence = new Silence();
  const { privateKey, publicKey } = generateKeyPair();
  const client = randomClientAddress();
  const outcomes: string[] = [];
  const damaged = packetFor(publicKey, client, new Uint8Array(4));
  damaged[40]! ^= 1;
  const packets = [
    packetFor(publicKey, client, new TextEncoder().encode("one")),
    damaged,
    packetFor(publicKey, client, new Uint8Array(0)),
    craftedPacket(publicKey, finalPayload(client, new Uint8Array(0)), { flag: 7 }),
    packetFor(publicKey, client, new TextEncoder().encode("two")),
  ];
  const onResults = (results: Uint8Array, count: number) => {
    for (const i of range(count)) {
      const outcome = readOutcome(results, i);
      if (outcome.kind === "dropped") outcomes.push(outcome.reason);
      else if (outcome.kind === "message") {
        assertEquals(outcome.destination, client);
        outcomes.push(new TextDecoder().decode(outcome.message));
      }
    }
  };
  {
    await using pool = await UnwrappingPool.start(privateKey, "final", 2, onResults, () => assert(false));
    for (const packet of [...packets, ...packets]) {
      pool.add(packet);
      pool.flush();
    }
  }
  const once = ["one", "mac", "", "flag", "two"];
  assertEquals(outcomes, [...once, ...once]);
});

Deno.test("order is kept over workers of different speed and batches of any size", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const reads = fc.array(fc.tuple(fc.integer({ min: 1, max: 120 }), fc.boolean()), { minLength: 1, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(reads, async (reads) => {
      const { out } = await (async () => {
        await using frailPool = await FrailPool.start(folder, 3);
        let number = 0;
        for (const [packets, slow] of reads) {
          for (const i of range(packets)) {
            await frailPool.add(frail(number++, slow && i === 0 ? FRAIL.slow : FRAIL.harmless));
          }
          frailPool.pool.flush();
        }
        return frailPool;
      })();
      assertEquals(out, range(reads.reduce((sum, [packets]) => sum + packets, 0)));
    }),
    { seed: 70, numRuns: 8 },
  );
});

Deno.test("there is no room for more than the workers may have and one batch, and room again when one is done", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const { out } = await (async () => {
    await using frailPool = await FrailPool.start(folder, 2);
    const { pool } = frailPool;
    let added = 0;
    for (; pool.room() === undefined; added++) pool.add(frail(added, added % 47 === 0 ? FRAIL.slow : FRAIL.harmless));
    assertEquals(added, 47 * (2 * 4 + 1));
    assertEquals(pool.queued, added);
    await pool.room();
    assertEquals(pool.room(), undefined);
    pool.add(frail(added));
    return frailPool;
  })();
  assertEquals(out, range(47 * 9 + 1));
});

Deno.test("a batch that takes its time lets no more than so many others run ahead of it", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const { out } = await (async () => {
    await using frailPool = await FrailPool.start(folder, 2);
    const packets = 47 * 60;
    for (const n of range(packets)) {
      await frailPool.add(frail(n, n < 47 ? FRAIL.slow : FRAIL.harmless)); // the first batch takes a second
      assert(frailPool.pool.queued <= 47 * (2 * 4 + 1));
    }
    return frailPool;
  })();
  assertEquals(out, range(47 * 60));
});

Deno.test("a packet that comes alone does not wait for others", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  await using frailPool = await FrailPool.start(folder, 1);
  frailPool.pool.add(frail(1));
  frailPool.pool.flush();
  assertEquals(frailPool.pool.queued, 1);
  await eventually("it is unwrapped", () => frailPool.out.length > 0);
  assertEquals(frailPool.out, [1]);
});

Deno.test("a worker that dies is replaced, and another one does what it had to do, in order", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  for (const workers of [1, 2]) {
    Deno.writeTextFileSync(folder.file("deadly once"), "");
    const { out } = await (async () => {
      await using frailPool = await FrailPool.start(folder, workers);
      for (const n of range(1000)) await frailPool.add(frail(n, n === 60 ? FRAIL.deadlyOnce : FRAIL.harmless));
      return frailPool;
    })();
    assertEquals(out, range(1000));
  }
});

Deno.test("a batch that kills every worker is given up, and it alone", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  for (const workers of [1, 2]) {
    const { out } = await (async () => {
      await using frailPool = await FrailPool.start(folder, workers);
      for (const batch of range(30)) {
        const kind = (n: number) => n === 100 || n === 500 ? FRAIL.deadly : FRAIL.harmless;
        await frailPool.addBatch(range(47, 47 * batch).map((n) => frail(n, kind(n))));
      }
      return frailPool;
    })();
    assertEquals(out, [
      ...range(47 * 2),
      { lost: 47 },
      ...range(47 * 7, 47 * 3),
      { lost: 47 },
      ...range(47 * 19, 47 * 11),
    ]);
  }
});

Deno.test("what waited while the only worker died goes on when it is replaced", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const { out } = await (async () => {
    await using frailPool = await FrailPool.start(folder, 1);
    frailPool.pool.add(frail(0, FRAIL.deadly));
    frailPool.pool.flush();
    for (const n of range(47, 1)) frailPool.pool.add(frail(n)); // full, and the one before it will be lost
    return frailPool;
  })();
  assertEquals(out, [{ lost: 1 }, ...range(47, 1)]);
});

Deno.test("a pool whose workers can't start is an error, and leaves none behind", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.file("no start"), "");
  await assertRejects(() => FrailPool.start(folder, 2), Error, "cannot start an unwrapping worker");
});

Deno.test("a worker that can't be started in a dead one's place is tried again", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.file("deadly once"), "");
  const { out } = await (async () => {
    await using frailPool = await FrailPool.start(folder, 1);
    Deno.writeTextFileSync(folder.file("no start"), "");
    frailPool.pool.add(frail(0, FRAIL.deadlyOnce));
    return frailPool;
  })();
  assertEquals(out, [0]);
});
