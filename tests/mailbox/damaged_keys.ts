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
