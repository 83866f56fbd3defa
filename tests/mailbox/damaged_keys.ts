import { DatabaseSync } from "node:sqlite";

/** Replaces a part of the key (hexadecimal) of the entries in a closed database whose key has it. */
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

/** In a closed database, says of the value at the number that ends its key that it is of another kind than it is. */
export function damageKindOfValue(path: string, number: number): void {
  using database = new DatabaseSync(path);
  const kind = number % 2 === 0 ? 1 : 7; // a value of V8, and none of the kinds that there are
  database.exec(`UPDATE kv SET v_encoding = ${kind} WHERE hex(k) LIKE '%${numberInKey(number)}'`);
}
