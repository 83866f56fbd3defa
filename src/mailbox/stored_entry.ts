/** What keys of our databases are made of, and their values: sealed bytes, or the time of a health check. */
export type Part = Uint8Array | string | number;

/** An entry of a database as it is stored there, whatever its value means. */
export interface Entry {
  readonly key: readonly Part[];
  readonly value: Part;
}

/** What a part of a key takes besides its contents; bytes of zero take two. */
const PART_OVERHEAD = 16;

export function isPart(part: unknown): part is Part {
  return part instanceof Uint8Array || typeof part === "string" || typeof part === "number";
}

/** Bytes that an entry takes in the database, at most. */
export function sizeOf({ key, value }: Entry): number {
  return sizeOfPart(value) + key.reduce<number>((sum, part) => sum + 2 * sizeOfPart(part) + PART_OVERHEAD, 0);
}

function sizeOfPart(part: Part): number {
  if (part instanceof Uint8Array) return part.length;
  return typeof part === "string" ? 3 * part.length : PART_OVERHEAD;
}
