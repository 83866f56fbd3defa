/** What windows send each other. */
export type Letter =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "picture"; readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> };

/** The first byte of an encoded letter. */
const KINDS = ["name", "text", "picture"] as const;
/** Others could be a page with a script of its own. */
const PICTURE_TYPES: readonly string[] = ["image/jpeg", "image/png"];
const LONGEST_NAME = 40;

/** kind (1) ‖ UTF-8, or for a picture: kind (1) ‖ index of its type (1) ‖ the file. */
export function encodeLetter(letter: Letter): Uint8Array {
  const kind = KINDS.indexOf(letter.kind);
  if (letter.kind === "picture") return join([kind, PICTURE_TYPES.indexOf(letter.type)], letter.bytes);
  return join([kind], new TextEncoder().encode(letter.kind === "name" ? letter.name : letter.text));
}

function join(header: number[], body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(header.length + body.length);
  bytes.set(header);
  bytes.set(body, header.length);
  return bytes;
}

/** Undefined for what no window sends. */
export function decodeLetter(bytes: Uint8Array): Letter | undefined {
  const kind = KINDS[bytes[0] ?? -1];
  const rest = bytes.slice(1);
  if (kind === "text") return { kind, text: new TextDecoder().decode(rest) };
  if (kind === "name") return { kind, name: new TextDecoder().decode(rest).slice(0, LONGEST_NAME) };
  const type = PICTURE_TYPES[rest[0] ?? -1];
  return kind === "picture" && type !== undefined ? { kind, type, bytes: rest.slice(1) } : undefined;
}
