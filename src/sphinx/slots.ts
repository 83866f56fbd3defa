import { ADDRESS_SIZE, MAX_MESSAGE_SIZE, PACKET_SIZE } from "./constants.ts";
import type { Unwrapped } from "./unwrap.ts";

// A batch is one buffer of `PACKET_SIZE` slots. A slot holds a packet on its way to where it is unwrapped and, on the way
// back, the result: outcome (1) ‖ message length (2) ‖ destination (32) ‖ replay tag (16) ‖ message.
const LENGTH_AT = 1;
const DESTINATION_AT = LENGTH_AT + 2;
const TAG_AT = DESTINATION_AT + ADDRESS_SIZE;
const TAG_SIZE = 16;
const MESSAGE_AT = TAG_AT + TAG_SIZE;
if (MESSAGE_AT + MAX_MESSAGE_SIZE > PACKET_SIZE) throw new Error("a result does not fit into the slot of its packet");

/** The outcomes of unwrapping. A slot's first byte is an index into this list. A gateway drops forward hops. */
const OUTCOMES = ["message", "low_order", "mac", "flag", "padding", "destination", "forward_hop"] as const;
/** Why a packet was dropped. */
export type DropReason = Exclude<typeof OUTCOMES[number], "message">;

/** What became of a packet. */
export type Outcome =
  | { kind: "message"; destination: Uint8Array; message: Uint8Array; replayTag: Uint8Array }
  | { kind: "dropped"; reason: DropReason };

/** Unwraps all packets of a batch, n × `PACKET_SIZE` bytes, which are overwritten by the results. */
export type UnwrapBatch = (batch: Uint8Array) => void;

/** The packet in slot `index`: a view of `PACKET_SIZE` bytes. */
export function packetAt(batch: Uint8Array, index: number): Uint8Array {
  return batch.subarray(index * PACKET_SIZE, (index + 1) * PACKET_SIZE);
}

/** Overwrites the packet in slot `index` with its result. */
export function writeOutcome(batch: Uint8Array, index: number, unwrapped: Unwrapped): void {
  const slot = packetAt(batch, index);
  if (unwrapped.kind !== "message") {
    slot[0] = OUTCOMES.indexOf(unwrapped.kind === "dropped" ? unwrapped.reason : "forward_hop");
    return;
  }
  const { message } = unwrapped;
  slot[0] = OUTCOMES.indexOf("message");
  slot[LENGTH_AT] = message.length >> 8;
  slot[LENGTH_AT + 1] = message.length;
  slot.set(unwrapped.destination, DESTINATION_AT);
  slot.set(unwrapped.replayTag, TAG_AT);
  slot.set(message, MESSAGE_AT);
}

/** Whether the packet in slot `index` turned out to be a message. */
export function isMessage(batch: Uint8Array, index: number): boolean {
  return OUTCOMES[batch[index * PACKET_SIZE]!] === "message";
}

/** The result in slot `index`; its arrays are views of the batch. */
export function readOutcome(batch: Uint8Array, index: number): Outcome {
  const slot = packetAt(batch, index);
  const outcome = OUTCOMES[slot[0]!]!;
  if (outcome !== "message") return { kind: "dropped", reason: outcome };
  const length = slot[LENGTH_AT]! << 8 | slot[LENGTH_AT + 1]!;
  return {
    kind: "message",
    destination: slot.subarray(DESTINATION_AT, TAG_AT),
    replayTag: slot.subarray(TAG_AT, MESSAGE_AT),
    message: slot.subarray(MESSAGE_AT, MESSAGE_AT + length),
  };
}
