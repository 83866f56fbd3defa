/**
 * The places of keys `[name, pseudonym, number]` as integers, in the database's order: the pseudonym (256 bits), then
 * the number plus one (54 bits), so that there is a place before the first number.
 */
const PSEUDONYM_SIZE = 32;
const NUMBER_BITS = 54n;
const PLACES_PER_PSEUDONYM = 1n << NUMBER_BITS;

/** The place after all keys. */
export const END = PLACES_PER_PSEUDONYM << (8n * BigInt(PSEUDONYM_SIZE));

/** The last place that is not after a key, whose parts damage may have changed to anything. */
export function placeOfKey([, pseudonym, number]: Deno.KvKey): bigint {
  if (pseudonym === undefined) return 0n;
  if (!(pseudonym instanceof Uint8Array)) return END; // everything else sorts after bytes
  const digits = pseudonym.subarray(0, PSEUDONYM_SIZE).toHex().padEnd(2 * PSEUDONYM_SIZE, "0");
  const first = BigInt(`0x${digits}`) << NUMBER_BITS;
  const last = first + PLACES_PER_PSEUDONYM - 1n;
  if (pseudonym.length < PSEUDONYM_SIZE) return first - 1n;
  if (pseudonym.length > PSEUDONYM_SIZE || typeof number === "boolean") return last;
  if (typeof number !== "number") return first; // everything else sorts before numbers
  return number <= Number.MAX_SAFE_INTEGER ? first + 1n + BigInt(Math.floor(Math.max(number, -1))) : last;
}

/** The key at a place before {@linkcode END}. */
export function keyAtPlace(name: Deno.KvKeyPart, place: bigint): Deno.KvKey {
  const digits = (place >> NUMBER_BITS).toString(16).padStart(2 * PSEUDONYM_SIZE, "0");
  const number = Number(place % PLACES_PER_PSEUDONYM - 1n);
  const pseudonym = Uint8Array.fromHex(digits);
  return number < 0 ? [name, pseudonym] : [name, pseudonym, number];
}

/** The place after all keys with a prefix. */
export function endOfPrefix(prefix: Deno.KvKey): bigint {
  return prefix.length < 2 ? END : placeOfKey(prefix) + PLACES_PER_PSEUDONYM;
}
