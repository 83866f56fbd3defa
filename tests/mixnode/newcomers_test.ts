import { assert, assertEquals } from "@std/assert";
import { Newcomers } from "../../src/mixnode/newcomers.ts";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";

const at = (port: number): SocketAddress => ({ host: "10.0.0.1", port });
const PACKET = new Uint8Array(1);

/** A directory that answers when it is told to, and what became of the packets. */
class Rig {
  readonly released: number[] = [];
  readonly listed = new Set<number>();
  readonly newcomers: Newcomers;
  dropped = 0;
  looks = 0;
  ended = 0;
  isSoon = true;
  #answer = Promise.withResolvers<void>();

  constructor(most?: number) {
    this.newcomers = new Newcomers(
      {
        isNode: ({ port }) => this.listed.has(port),
        begun: () => this.looks,
        ended: () => this.ended,
        mayLook: () => Promise.resolve(this.isSoon),
        look: async () => {
          if (!this.isSoon) return;
          this.looks++;
          await this.#answer.promise;
        },
      },
      ({ port }) => void this.released.push(port),
      (packets) => this.dropped += packets,
      most,
    );
  }

  answer(): void {
    this.ended = this.looks;
    this.#answer.resolve();
    this.#answer = Promise.withResolvers();
  }
}

Deno.test("packets wait for the directory's answer, and are sent on if it lists their nodes", async () => {
  const rig = new Rig();
  for (const port of [1, 2, 1, 3]) rig.newcomers.hold(at(port), PACKET);
  await eventually("it is asked", () => rig.looks === 1);
  assertEquals(rig.newcomers.size, 4);
  rig.listed.add(1).add(3);
  rig.answer();
  await eventually("all are settled", () => rig.newcomers.size === 0);
  assertEquals([rig.released, rig.dropped, rig.looks], [[1, 1, 3], 1, 1]);
});

Deno.test("a packet that arrives during a request waits for the next one", async () => {
  const rig = new Rig();
  rig.newcomers.hold(at(1), PACKET);
  await eventually("there is a request", () => rig.looks === 1);
  rig.newcomers.hold(at(2), PACKET);
  rig.answer();
  await eventually("there is a second request", () => rig.looks === 2);
  assertEquals([rig.dropped, rig.newcomers.size], [1, 1]);
  rig.listed.add(2);
  rig.answer();
  await eventually("it is settled", () => rig.newcomers.size === 0);
  assertEquals([rig.released, rig.dropped], [[2], 1]);
});

Deno.test("a flood of packets for made-up addresses can't reserve the room", async () => {
  const [most, flood] = [200, 400];
  const rig = new Rig(most);
  for (const n of range(flood)) rig.newcomers.hold(at(1000 + n), PACKET); // full, before the others come
  for (const _ of range(50)) rig.newcomers.hold(at(1), PACKET);
  for (const n of range(100)) rig.newcomers.hold(at(2000 + n), PACKET);
  assertEquals([rig.newcomers.size, rig.dropped], [most, flood + 50 + 100 - most]);
  rig.listed.add(1);
  await eventually("the directory is asked", () => rig.looks === 1);
  rig.answer();
  await eventually("all are settled", () => rig.newcomers.size === 0);
  assert(rig.released.length > 10, `${rig.released.length} of 50`); // 27 on average, with a deviation below 3.7
  assertEquals(rig.released.length + rig.dropped, flood + 50 + 100);
});

Deno.test("what waits when the mixnode stops is given up, and counted once", async () => {
  const rig = new Rig();
  rig.newcomers.hold(at(1), PACKET);
  await eventually("there is a request", () => rig.looks === 1);
  assertEquals([rig.newcomers.drop(), rig.newcomers.size], [1, 0]);
  rig.listed.add(1);
  rig.answer();
  rig.newcomers.hold(at(2), PACKET);
  await eventually("another request is made", () => rig.looks === 2);
  rig.answer();
  await eventually("it is settled", () => rig.newcomers.size === 0);
  assertEquals([rig.released, rig.dropped], [[], 1]);
});

Deno.test("packets are dropped at once while the directory may not be asked for long", async () => {
  const rig = new Rig();
  rig.isSoon = false;
  for (const port of [1, 2]) rig.newcomers.hold(at(port), PACKET);
  await eventually("they are settled", () => rig.newcomers.size === 0);
  assertEquals([rig.released, rig.dropped, rig.looks], [[], 2, 0]);
});
