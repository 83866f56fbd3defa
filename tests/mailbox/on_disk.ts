import { inboxKey } from "../../src/mailbox/keys.ts";
import type { ClientId } from "../../src/mailbox/client_id.ts";
import { testSealer } from "../support/sealer.ts";

const sealer = testSealer();

/** Reads or changes the database of a mailbox at `path`, over its own connection. */
export async function onDisk<T>(path: string, use: (kv: Deno.Kv) => Promise<T>): Promise<T> {
  using kv = await Deno.openKv(path);
  return await use(kv);
}

/** The keys that begin with `prefix`, in order. */
export function keysOnDisk(path: string, prefix: Deno.KvKey = []): Promise<Deno.KvKey[]> {
  return onDisk(path, (kv) => Array.fromAsync(kv.list({ prefix }), ({ key }) => key));
}

/** The key of the chunk in a client's inbox that ends with sequence number `last`. */
export function keyOf(id: ClientId, last: number): Deno.KvKey {
  return inboxKey(sealer.pseudonym(id), last);
}

/** Changes a value on the disk. */
export function damage(path: string, key: Deno.KvKey, change: (value: Uint8Array) => void): Promise<void> {
  return onDisk(path, async (kv) => {
    const { value } = await kv.get<Uint8Array>(key);
    change(value!);
    await kv.set(key, value);
  });
}
