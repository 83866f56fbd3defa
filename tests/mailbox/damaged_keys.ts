import { DatabaseSync } from "node:sqlite";

/** Replaces a part of a key (hexadecimal) in a closed database, in all entries that have it. */
export function damageKeys(path: string, part: string, damaged: string): void {
  using database = new DatabaseSync(path);
  const rows = database.prepare("SELECT hex(k) AS key FROM kv").all() as { key: string }[];
  for (const { key } of rows.filter(({ key }) => key.includes(part))) {
    database.exec(`UPDATE kv SET k = x'${key.replace(part, damaged)}' WHERE hex(k) = '${key}'`);
  }
}

/** How Deno KV writes a number in a key: 0x21 ‖ the float with its sign flipped. */
export function numberInKey(n: number): string {
  const bytes = new Uint8Array(9);
  new DataView(bytes.buffer).setFloat64(1, -n);
  bytes[0] = 0x21;
  return bytes.toHex().toUpperCase();
}

/** Changes the stored encoding of the value whose key ends with `number`, in a closed database. */
export function damageKindOfValue(path: string, number: number): void {
  using database = new DatabaseSync(path);
  const kind = number % 2 === 0 ? 1 : 7; // a serialized V8 value, and an unknown encoding
  database.exec(`UPDATE kv SET v_encoding = ${kind} WHERE hex(k) LIKE '%${numberInKey(number)}'`);
}
