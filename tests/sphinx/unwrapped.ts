import type { Unwrapped } from "../../src/sphinx/unwrap.ts";

/** Fails unless unwrapping gave a result of this kind; returns it with its type. */
export function expectUnwrapped<Kind extends Unwrapped["kind"]>(
  unwrapped: Unwrapped,
  kind: Kind,
): Extract<Unwrapped, { kind: Kind }> {
  if (!isKind(unwrapped, kind)) {
    const found = unwrapped.kind === "dropped" ? `dropped: ${unwrapped.reason}` : unwrapped.kind;
    throw new Error(`expected ${kind}, got ${found}`);
  }
  return unwrapped;
}

function isKind<Kind extends Unwrapped["kind"]>(
  unwrapped: Unwrapped,
  kind: Kind,
): unwrapped is Extract<Unwrapped, { kind: Kind }> {
  return unwrapped.kind === kind;
}
