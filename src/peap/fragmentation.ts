import {
  encodePart,
  encodeWhole,
  LINKED_DATA_SIZE,
  MAX_SET_SIZE,
  UNLINKED_DATA_SIZE,
  WHOLE_DATA_SIZE,
} from "./fragment.ts";
import { uint32 } from "./random.ts";

/**
 * The longest message that can be sent: 16 MiB, about 17,400 fragments. A receiver with this library holds up to twice
 * as many while it waits for the rest.
 */
export const LONGEST_MESSAGE: number = 16 * 1024 * 1024;

/**
 * Splits a message into the plaintexts of the packets that carry it (spec §7). They are generated one at a time, so
 * that a long message and all its packets need not be in memory together.
 *
 * @param drawId returns a new set id, 0 < id < 2^31
 * @throws RangeError if the message is longer than 16 MiB
 */
export function* fragments(message: Uint8Array, drawId: () => number = randomSetId): Generator<Uint8Array> {
  checkLength(message.length);
  if (message.length <= WHOLE_DATA_SIZE) return yield encodeWhole(message);
  let rest = message;
  let previous: number | undefined;
  for (let setId: number | undefined = drawId(); setId !== undefined;) {
    const next: number | undefined = rest.length > lastSetSize(previous) ? drawId() : undefined;
    const total = next === undefined ? partsOfLastSet(rest.length, previous) : MAX_SET_SIZE;
    for (let current = 1; current <= total; current++) {
      const link = current === 1 ? previous : current === MAX_SET_SIZE ? next : undefined;
      const size = link === undefined ? UNLINKED_DATA_SIZE : LINKED_DATA_SIZE;
      yield encodePart({ setId, total, current, link, data: rest.subarray(0, size) });
      rest = rest.subarray(size);
    }
    previous = setId;
    setId = next;
  }
}

/**
 * The number of packets that a message of `length` bytes takes.
 *
 * @throws RangeError if it is longer than 16 MiB
 */
export function fragmentCount(length: number): number {
  checkLength(length);
  if (length <= WHOLE_DATA_SIZE) return 1;
  for (let count = 0, rest = length, previous: number | undefined;; previous = 1) {
    const room = lastSetSize(previous);
    if (rest <= room) return count + partsOfLastSet(rest, previous);
    count += MAX_SET_SIZE;
    rest += UNLINKED_DATA_SIZE - LINKED_DATA_SIZE - room;
  }
}

function checkLength(length: number): void {
  if (length <= LONGEST_MESSAGE) return;
  throw new RangeError(`Cannot send a message of ${length} bytes: the limit is ${LONGEST_MESSAGE}`);
}

/** Bytes of data that fit into a set without a next set. */
function lastSetSize(previous: number | undefined): number {
  return firstPartSize(previous) + (MAX_SET_SIZE - 1) * UNLINKED_DATA_SIZE;
}

function partsOfLastSet(size: number, previous: number | undefined): number {
  return 1 + Math.max(0, Math.ceil((size - firstPartSize(previous)) / UNLINKED_DATA_SIZE));
}

function firstPartSize(previous: number | undefined): number {
  return previous === undefined ? UNLINKED_DATA_SIZE : LINKED_DATA_SIZE;
}

function randomSetId(): number {
  return uint32() >>> 1 || randomSetId();
}
