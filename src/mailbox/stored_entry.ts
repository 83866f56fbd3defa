/** A part of a key in our databases, or a value: sealed bytes, or the time of a health check. */
export type Part = Uint8Array | string | number;

/** An entry of a database as stored, whatever its value means. */
export interface Entry {
  /** its parts, in order */
  readonly key: readonly Part[];
  /** at most 65,536 bytes, still sealed */
  readonly value: Part;
}

/** Bytes that a part of a key takes besides its contents; zero bytes take two each. */
const PART_OVERHEAD = 16;

/** Whether a value has one of the types used in our databases. Damage can change the type. */
export function isPart(part: unknown): part is Part {
  return part instanceof Uint8Array || typeof part === "string" || typeof part === "number";
}

/** The most bytes that an entry takes in the database. */
export function sizeOf({ key, value }: Entry): number {
  return sizeOfPart(value) + key.reduce<number>((sum, part) => sum + 2 * sizeOfPart(part) + PART_OVERHEAD, 0);
}

function sizeOfPart(part: Part): number {
  if (part instanceof Uint8Array) return part.length;
  return typeof part === "string" ? 3 * part.length : PART_OVERHEAD;
}
