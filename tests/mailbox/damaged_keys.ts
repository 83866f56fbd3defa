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

/** How Deno KV writes a text in a key. */
export function textInKey(text: string): string {
  return `02${new TextEncoder().encode(text).toHex()}00`.toUpperCase();
}

/** Changes the stored encoding of the values whose keys end with a part (hexadecimal), in a closed database. */
export function damageKindOfValue(path: string, part: string, kind: 1 | 7): void {
  using database = new DatabaseSync(path); // 1: a serialized V8 value, 7: an unknown encoding
  database.exec(`UPDATE kv SET v_encoding = ${kind} WHERE hex(k) LIKE '%${part}'`);
}
