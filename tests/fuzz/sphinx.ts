import { MAX_MESSAGE_SIZE, PACKET_SIZE, PAYLOAD_OFFSET, PAYLOAD_SIZE, POINT_SIZE } from "../../src/sphinx/constants.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { chooseUnwrap } from "../../src/sphinx/kernel/kernel.ts";
import { unwrapWithReference } from "../../src/sphinx/kernel/reference.ts";
import type { HopKind } from "../../src/sphinx/slots.ts";
import { readOutcome } from "../../src/sphinx/slots.ts";
import { range } from "../mailbox/messages.ts";
import { batchOf, craftedPacket, finalPayload, packetFor, randomClientAddress } from "../support/packets.ts";
import type { Random } from "../support/random.ts";
import { mutatedBytes } from "./mutate.ts";
import type { Target } from "./target.ts";

const { privateKey, publicKey } = generateKeyPair();
const HOP_KINDS: readonly HopKind[] = ["final", "forward"];
const kernels = await Promise.all(HOP_KINDS.map(async (hops) => (await chooseUnwrap(privateKey, hops)).unwrapBatch));
const references = HOP_KINDS.map((hops) => unwrapWithReference(privateKey, hops));

const client = randomClientAddress();
const message = crypto.getRandomValues(new Uint8Array(MAX_MESSAGE_SIZE));
const VALID = range(16).map((i) => packetFor(publicKey, client, message.subarray(0, i * 65)));
/** Packets that no honest sender builds, with a valid MAC. */
const CRAFTED = range(16).flatMap((i) => [
  craftedPacket(publicKey, finalPayload(client, message.subarray(0, i)), { flag: i }),
  craftedPacket(publicKey, crypto.getRandomValues(new Uint8Array(PAYLOAD_SIZE)), { destination: client }),
]);

function randomPacket(random: Random): Uint8Array {
  const packet = random.pick(random.oneIn(4) ? CRAFTED : VALID).slice();
  switch (random.below(5)) {
    case 0: // anywhere
      return mutatedBytes(random, packet);
    case 1: // another point
      packet.set(random.bytes(POINT_SIZE));
      return packet;
    case 2: // random bytes
      return random.bytes(PACKET_SIZE);
    default: // after the valid header
      packet.set(mutatedBytes(random, packet.subarray(PAYLOAD_OFFSET)), PAYLOAD_OFFSET);
      return packet;
  }
}

/** The kernel always returns a valid outcome. */
export const sphinxKernel: Target = {
  name: "sphinx-kernel",
  attempt(random) {
    const packet = batchOf(randomPacket(random));
    random.pick(kernels)(packet);
    const outcome = readOutcome(packet, 0);
    const isOutcome = outcome.kind === "dropped"
      ? outcome.reason !== undefined
      : outcome.kind === "forward" || outcome.message.length <= MAX_MESSAGE_SIZE;
    if (!isOutcome) throw new Error("an invalid outcome");
  },
};

/** The kernel and the reference return the same outcomes. */
export const sphinxReference: Target = {
  name: "sphinx-reference",
  attempt(random) {
    const packet = randomPacket(random);
    const hops = random.below(HOP_KINDS.length);
    const [first, second] = [kernels[hops]!, references[hops]!].map((unwrapBatch) => {
      const batch = batchOf(packet);
      unwrapBatch(batch);
      return JSON.stringify(readOutcome(batch, 0), (_, value) => typeof value === "bigint" ? `${value}` : value);
    });
    if (first !== second) throw new Error(`the kernel returns ${first}, the reference ${second}`);
  },
};
