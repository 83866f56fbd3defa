import { assertEquals } from "@std/assert";
import { decodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { FINAL_FLAG } from "../../src/sphinx/constants.ts";
import { numbered, numberOf, range } from "../mailbox/messages.ts";
import { craftedPacket, finalPayload, randomClientAddress } from "../support/packets.ts";
import { assertServed, Besieged, many, report } from "./besieged.ts";
import { logIn, post, register } from "./members.ts";

const ROUNDS = many(1, 20);

Deno.test("a packet with a valid MAC is delivered with the final flag, and dropped with any other", async () => {
  const rounds: Uint8Array[] = []; // frames
  const bob = randomClientAddress();
  await using besieged = await Besieged.start(undefined, ({ publicKey }) => {
    const key = decodeBase58(publicKey)!;
    while (rounds.length < ROUNDS) {
      rounds.push(frame(...range(256).map((flag) => craftedPacket(key, finalPayload(bob, numbered(flag)), { flag }))));
    }
    return Promise.resolve();
  });
  await using client = await logIn(besieged.clientsAddress, await register(besieged.clientsAddress, bob));
  for (const [round, frames] of rounds.entries()) {
    await post(besieged.mixnetAddress, frames);
    assertEquals(numberOf(await client.message()), FINAL_FLAG);
    await besieged.operator.reaches('packets_dropped_total{reason="flag"}', 254 * (round + 1));
  }
  const honest = await besieged.endProbing();
  const dropped: Record<string, number> = {};
  for (const reason of ["flag", "forward_hop", "low_order", "mac", "padding", "destination", "worker_died"]) {
    dropped[reason] = await besieged.operator.metric(`packets_dropped_total{reason="${reason}"}`);
  }
  report("every flag", {
    packets: 256 * ROUNDS,
    flag: dropped["flag"],
    forward_hop: dropped["forward_hop"],
    ...honest,
  });
  const none = { low_order: 0, mac: 0, padding: 0, destination: 0, worker_died: 0 };
  assertEquals(dropped, { flag: 254 * ROUNDS, forward_hop: ROUNDS, ...none });
  assertEquals(client.unread.length, 0);
  assertServed(honest);
});
