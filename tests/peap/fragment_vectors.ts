import { decodeFragment } from "../../src/peap/fragment.ts";

/** The message of a fragment vector: byte i is i · 31 mod 251. */
export function vectorMessage(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index * 31 % 251);
}

/** Splits a file of fragments, each with a u16 length in front. */
export function splitFragments(file: Uint8Array): Uint8Array[] {
  const view = new DataView(file.buffer, file.byteOffset);
  const fragments: Uint8Array[] = [];
  for (let at = 0; at < file.length;) {
    const length = view.getUint16(at);
    fragments.push(file.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return fragments;
}

/** Returns a function that returns the set ids of these fragments, in order: those that 0.7.0 drew for its message. */
export function drawnIds(fragments: Uint8Array[]): () => number {
  const decoded = fragments.map(decodeFragment);
  const ids = new Set(decoded.flatMap((fragment) => fragment.kind === "part" ? [fragment.part.setId] : [])).values();
  return () => {
    const { value } = ids.next();
    if (value === undefined) throw new Error("0.7.0 used fewer sets for this message");
    return value;
  };
}

/** The same items in random order. */
export function shuffled<T>(items: readonly T[]): T[] {
  const order = items.map((item) => ({ item, at: Math.random() }));
  return order.sort((a, b) => a.at - b.at).map(({ item }) => item);
}
