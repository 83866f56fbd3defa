import { ADDRESS_SIZE, DELAY_SIZE, MESSAGE_OFFSET, PACKET_SIZE, PAYLOAD_OFFSET } from "./constants.ts";
import type { Unwrapped } from "./unwrap.ts";

// A batch is one buffer of slots. A slot holds a packet, on its way to where it is unwrapped, and behind it room for the
// result: outcome (1) ‖ replay tag (16) ‖ destination or next address (32) ‖ message length or delay (8). On the way back
// the packet of a forward hop is the one for the next hop, and a final hop's payload is decrypted, with the message in it.
const TAG_SIZE = 16;
const OUTCOME_AT = PACKET_SIZE;
const TAG_AT = OUTCOME_AT + 1;
const ADDRESS_AT = TAG_AT + TAG_SIZE;
const NUMBER_AT = ADDRESS_AT + ADDRESS_SIZE;
const MESSAGE_AT = PAYLOAD_OFFSET + MESSAGE_OFFSET;

/** A packet with room for its outcome: 1429 bytes. */
export const SLOT_SIZE: number = NUMBER_AT + DELAY_SIZE;

/** The hops that a node handles: a mixnode forward ones, a gateway final ones. It drops the others. */
export type HopKind = "forward" | "final";

/** The outcomes of unwrapping: a slot's outcome is an index into this list. `wrong_hop`: one that this node drops. */
export const OUTCOMES = [
  "message",
  "forward",
  "low_order",
  "mac",
  "flag",
  "wrong_hop",
  "padding",
  "destination",
] as const;
/** What the reference, which handles both kinds, finds in hops of one kind only. */
const FOUND_IN_FINAL_HOPS: readonly string[] = ["message", "padding", "destination"];
const FOUND_IN_FORWARD_HOPS: readonly string[] = ["forward"];
/** Why a packet was dropped. */
export type DropReason = Exclude<typeof OUTCOMES[number], "message" | "forward">;

/** The outcome of a packet. */
export type Outcome =
  | { kind: "message"; destination: Uint8Array; message: Uint8Array; replayTag: Uint8Array }
  /** `nextAddress` is zero-padded (spec §3), `delay` in ns */
  | { kind: "forward"; nextAddress: Uint8Array; delay: bigint; packet: Uint8Array; replayTag: Uint8Array }
  | { kind: "dropped"; reason: DropReason };

/** Unwraps all packets of a batch, n × `SLOT_SIZE` bytes, and puts the results into their slots. */
export type UnwrapBatch = (batch: Uint8Array) => void;

/** The packet in slot `index`: a view of `PACKET_SIZE` bytes. */
export function packetAt(batch: Uint8Array, index: number): Uint8Array {
  return batch.subarray(index * SLOT_SIZE, index * SLOT_SIZE + PACKET_SIZE);
}

/** Writes the outcome of the packet into slot `index`, at a node that handles `hops`. */
export function writeOutcome(batch: Uint8Array, index: number, unwrapped: Unwrapped, hops: HopKind): void {
  const slot = slotAt(batch, index);
  const { kind } = unwrapped;
  const found = kind === "dropped" ? unwrapped.reason : kind;
  const isWrongHop = (hops === "forward" ? FOUND_IN_FINAL_HOPS : FOUND_IN_FORWARD_HOPS).includes(found);
  slot[OUTCOME_AT] = OUTCOMES.indexOf(isWrongHop ? "wrong_hop" : found);
  if (kind === "dropped" || isWrongHop) return;
  slot.set(unwrapped.replayTag, TAG_AT);
  const number = new DataView(slot.buffer, slot.byteOffset + NUMBER_AT);
  if (kind === "forward") {
    slot.set(unwrapped.nextAddress, ADDRESS_AT);
    number.setBigUint64(0, unwrapped.delay);
    slot.set(unwrapped.packet);
  } else {
    slot.set(unwrapped.destination, ADDRESS_AT);
    number.setBigUint64(0, BigInt(unwrapped.message.length));
    slot.set(unwrapped.message, MESSAGE_AT);
  }
}

/** Whether the packet in slot `index` turned out to be a message, or one to be forwarded. */
export function isGood(batch: Uint8Array, index: number): boolean {
  const outcome = OUTCOMES[batch[index * SLOT_SIZE + OUTCOME_AT]!];
  return outcome === "message" || outcome === "forward";
}

/** The result in slot `index`; its arrays are views of the batch. */
export function readOutcome(batch: Uint8Array, index: number): Outcome {
  const slot = slotAt(batch, index);
  const outcome = OUTCOMES[slot[OUTCOME_AT]!]!;
  if (outcome !== "message" && outcome !== "forward") return { kind: "dropped", reason: outcome };
  const replayTag = slot.subarray(TAG_AT, ADDRESS_AT);
  const address = slot.subarray(ADDRESS_AT, NUMBER_AT);
  if (outcome === "forward") {
    const delay = new DataView(slot.buffer, slot.byteOffset + NUMBER_AT).getBigUint64(0);
    return { kind: "forward", nextAddress: address, delay, packet: packetAt(batch, index), replayTag };
  }
  const length = slot[SLOT_SIZE - 2]! << 8 | slot[SLOT_SIZE - 1]!; // a message is shorter than 64 KiB
  const message = slot.subarray(MESSAGE_AT, MESSAGE_AT + length);
  return { kind: "message", destination: address, message, replayTag };
}

function slotAt(batch: Uint8Array, index: number): Uint8Array {
  return batch.subarray(index * SLOT_SIZE, (index + 1) * SLOT_SIZE);
}
