import type { Item } from "../../src/archive/contents.ts";
import { encodeItem } from "../../src/archive/contents.ts";
import { HEADER_SIZE } from "../../src/archive/header.ts";
import { ArchiveParser } from "../../src/archive/parser.ts";
import { SegmentSealer } from "../../src/archive/segments.ts";

export const KEY = new Uint8Array(32).fill(5);

const encoder = new TextEncoder();

/** What an archive with one entry in each database holds. */
export const ITEMS: readonly Item[] = [
  { kind: "manifest", manifest: { id: "lighthouse", version: "0.7.0", exported: "2026-11-23T06:20:45.000Z" } },
  { kind: "file", name: "config.toml" },
  { kind: "piece", bytes: encoder.encode("[gateway]\n") },
  { kind: "piece", bytes: encoder.encode('id = "lighthouse"\n') },
  { kind: "file", name: "private_sphinx.pem" },
  { kind: "piece", bytes: encoder.encode("private") },
  { kind: "file", name: "public_sphinx.pem" },
  { kind: "piece", bytes: encoder.encode("public") },
  { kind: "file", name: "storage_key.pem" },
  { kind: "piece", bytes: encoder.encode("storage") },
  { kind: "file", name: "replay/0000000007.tags" },
  { kind: "database", name: "ledger" },
  { kind: "entry", entry: { key: ["client", Uint8Array.of(0, 255)], value: Uint8Array.of(1, 2, 3) } },
  { kind: "database", name: "mailbox" },
  { kind: "entry", entry: { key: ["probe"], value: 1_700_000_000_000 } },
  { kind: "totals", totals: { clients: 1, messages: 0, entries: 2 } },
];

/** The segments of these bytes, one after the other. */
export function sealed(...pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const sealer = new SegmentSealer(KEY);
  const segments = pieces.flatMap((piece) => [...sealer.push(piece)]);
  return concat(...segments, sealer.end());
}

export function sealedItems(items: readonly Item[]): Uint8Array<ArrayBuffer> {
  return sealed(...items.map(encodeItem));
}

/** What is in an archive whose segments are these, which may come in pieces. */
export function itemsOf(...pieces: readonly Uint8Array[]): Item[] {
  const parser = new ArchiveParser(KEY, HEADER_SIZE);
  return [...pieces.flatMap((piece) => [...parser.push(piece)]), ...parser.end()];
}

export function concat(...pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
