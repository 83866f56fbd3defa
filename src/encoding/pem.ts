import { base64 } from "@scure/base";

const LINE_LENGTH = 64; // RFC 7468 §2
const LINE_END = "\r\n"; // as 0.7.0 writes it; any is accepted when reading

/** One PEM block with this tag, the same bytes as 0.7.0 writes (RFC 7468). */
export function encodePem(tag: string, bytes: Uint8Array): string {
  const lines = base64.encode(bytes).match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  return [begin(tag), ...lines, end(tag), ""].join(LINE_END);
}

/**
 * The contents of the only PEM block in a text.
 *
 * @throws Error that says what was wrong, never what the block holds
 */
export function decodePem(tag: string, text: string): Uint8Array {
  // Tags are quoted in errors, so damage must not make the contents part of one.
  const match = /^\s*-----BEGIN ([A-Z\d ]*)-----([^-]*)-----END ([A-Z\d ]*)-----\s*$/.exec(text);
  if (!match) throw new Error(`not a PEM file: expected one block from "${begin(tag)}" to "${end(tag)}"`);
  const [, opening, contents, closing] = match;
  if (opening !== tag) throw new Error(`a PEM file with another tag: expected "${tag}", found "${opening}"`);
  if (closing !== tag) throw new Error(`a damaged PEM file: it begins as "${tag}" and ends as "${closing}"`);
  try {
    return base64.decode(contents!.replace(/\s/g, ""));
  } catch {
    throw new Error(`a damaged PEM file: the contents of "${begin(tag)}" are not base64`);
  }
}

function begin(tag: string): string {
  return `-----BEGIN ${tag}-----`;
}

function end(tag: string): string {
  return `-----END ${tag}-----`;
}
