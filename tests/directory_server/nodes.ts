import { encodeBase58 } from "../../src/encoding/base58.ts";
import { isRefusal, readAnnouncement } from "../../src/directory_server/announcement.ts";
import type { Announcement, Kind } from "../../src/directory_server/announcement.ts";

/** The nth of some public keys, in base58. */
export function keyOf(n: number): string {
  const bytes = new Uint8Array(32).fill(7);
  new DataView(bytes.buffer).setUint32(0, n);
  return encodeBase58(bytes);
}

/** The announcement of the nth mixnode, as it is posted. */
export function mixnode(n: number) {
  return {
    host: `1.${n >> 16 & 255}.${n >> 8 & 255}.${n & 255}:1789`,
    pubKey: keyOf(n),
    layer: 1 + n % 3,
    location: "here",
    lastSeen: 0,
    version: "0.7.0",
  };
}

/** The announcement of the nth gateway, as it is posted. */
export function gateway(n: number) {
  return {
    location: "there",
    clientListener: `ws://2.${n >> 16 & 255}.${n >> 8 & 255}.${n & 255}:9000`,
    mixnetListener: `2.${n >> 16 & 255}.${n >> 8 & 255}.${n & 255}:1789`,
    pubKey: keyOf(1_000_000 + n),
    registeredClients: [{ pubKey: "c" }],
    lastSeen: 0,
    version: "0.7.0",
  };
}

/** As the registry takes it. Throws if it is invalid. */
export function announcement(kind: Kind, json: unknown): Announcement {
  const node = readAnnouncement(kind, json);
  if (isRefusal(node)) throw new Error(node.reason);
  return node;
}

/** Posts JSON, or a text as it is. Resolves with the status and the answer's JSON. */
export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<[number, unknown]> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(url, { method: "POST", body: text, headers });
  return [response.status, await response.json()];
}
