import { base64urlnopad } from "@scure/base";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { ADDRESS_SIZE, decodeAddress, encodeAddress } from "./datagram.ts";
import { ConversationError } from "./errors.ts";
import { KEY_SIZE } from "./key_pair.ts";

/** Begins the text of an invitation; the number is the version of its form. */
const PREFIX = "peap1.";
const CHECKSUM_SIZE = 4;
/** Longer texts, such as a page pasted by mistake, are not searched. */
const MAX_CHARACTERS = 8192;

/** Bytes of an invitation's token. */
export const TOKEN_SIZE = 16;

/** What someone needs to start a conversation. It can be used once. */
export interface Invitation {
  /** the inviter's identity key, 32 bytes */
  readonly key: Uint8Array;
  /** 16 bytes; only whoever knows them can start the conversation */
  readonly token: Uint8Array;
  /** where the inviter receives: `<client base58>@<gateway base58>` */
  readonly address: string;
}

const SIZE = KEY_SIZE + TOKEN_SIZE + ADDRESS_SIZE + CHECKSUM_SIZE;

/**
 * An invitation as text: a code, or with a page's URL a link. The code is the link's fragment, which browsers do not send
 * to the page's server. Either is to be kept between the two parties.
 */
export function formatInvitation({ key, token, address }: Invitation, page?: string): string {
  const body = concatBytes(key, token, encodeAddress(address));
  const code = PREFIX + base64urlnopad.encode(concatBytes(body, checksum(body)));
  return page === undefined ? code : `${page.replace(/#.*$/s, "")}#${code}`;
}

/**
 * Reads an invitation: the code, a link with it, or a text around either.
 *
 * @throws ConversationError of kind `invitation`, which says what is wrong
 */
export function parseInvitation(text: string): Invitation {
  if (typeof text !== "string") throw new TypeError("An invitation is text");
  if (text.length > MAX_CHARACTERS) throw invalid("the text is too long to be one");
  const [, version, code] = /\bpeap(\d+)\.([\w-]*)/.exec(text) ?? [];
  if (version === undefined || code === undefined) throw invalid(`it has no part that begins with ${PREFIX}`);
  if (version !== "1") throw invalid(`it is of version ${version}, and only version 1 is known here`);
  const length = Math.ceil(SIZE * 4 / 3);
  if (code.length < length) throw invalid("its end is missing; copy all of it");
  if (code.length > length) throw invalid("there are more characters than belong to it");
  const bytes = decode(code);
  const body = bytes?.subarray(0, -CHECKSUM_SIZE);
  if (!bytes || !body || !checksum(body).every((byte, i) => byte === bytes[body.length + i])) {
    throw invalid("a character of it was changed; copy it again");
  }
  return {
    key: body.slice(0, KEY_SIZE),
    token: body.slice(KEY_SIZE, KEY_SIZE + TOKEN_SIZE),
    address: decodeAddress(body.subarray(KEY_SIZE + TOKEN_SIZE)),
  };
}

function decode(code: string): Uint8Array | undefined {
  try {
    return base64urlnopad.decode(code);
  } catch {
    return undefined;
  }
}

function checksum(body: Uint8Array): Uint8Array {
  return sha256(body).subarray(0, CHECKSUM_SIZE);
}

function invalid(reason: string): ConversationError {
  return new ConversationError("invitation", `This is not a whole invitation: ${reason}`);
}
