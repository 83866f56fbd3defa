import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";

/** What someone writes. */
export type Content =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "picture"; readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> };

/** What windows send each other. `line` is a UUID: a line that is sent again, in another message, is known by it. */
export type Letter = { readonly kind: "name"; readonly name: string } | Content & { readonly line: string };

/** The first byte of an encoded letter. */
const KINDS = ["name", "text", "picture"] as const;
/** Others could be a page with a script of its own. */
const PICTURE_TYPES: readonly string[] = ["image/jpeg", "image/png"];
const LONGEST_NAME = 40;
const UUID = /^[\da-f-]{36}$/;
/** Bytes of a UUID. */
const LINE = 36;

/** kind (1) ‖ name, or kind (1) ‖ line (36) ‖ text, or kind (1) ‖ line (36) ‖ index of its type (1) ‖ the file. */
export function encodeLetter(letter: Letter): Uint8Array {
  const kind = Uint8Array.of(KINDS.indexOf(letter.kind));
  if (letter.kind === "name") return concatBytes(kind, utf8ToBytes(letter.name));
  const head = concatBytes(kind, utf8ToBytes(letter.line));
  if (letter.kind === "text") return concatBytes(head, utf8ToBytes(letter.text));
  return concatBytes(head, Uint8Array.of(PICTURE_TYPES.indexOf(letter.type)), letter.bytes);
}

/** Undefined for what no window sends. */
export function decodeLetter(bytes: Uint8Array): Letter | undefined {
  const kind = KINDS[bytes[0] ?? -1];
  if (kind === "name") return { kind, name: new TextDecoder().decode(bytes.subarray(1)).slice(0, LONGEST_NAME) };
  const line = new TextDecoder().decode(bytes.subarray(1, 1 + LINE));
  if (!UUID.test(line)) return undefined;
  const rest = bytes.slice(1 + LINE);
  if (kind === "text") return { kind, line, text: new TextDecoder().decode(rest) };
  const type = PICTURE_TYPES[rest[0] ?? -1];
  return kind === "picture" && type !== undefined ? { kind, line, type, bytes: rest.slice(1) } : undefined;
}
