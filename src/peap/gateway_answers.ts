import { decodeBase58 } from "../encoding/base58.ts";

/** Bytes of a nonce and of a public key. */
const CHALLENGE_PART_SIZE = 32;

/** What the gateway sends in a text frame (spec §5). */
export type GatewayAnswer =
  | { type: "register"; token: string; acknowledgements: boolean }
  | { type: "authenticate"; status: boolean; acknowledgements: boolean }
  | { type: "challenge"; nonce: Uint8Array; publicKey: Uint8Array }
  | { type: "send"; status: boolean }
  | { type: "error"; message: string };

/**
 * Parses a text frame; undefined if it is not a known answer. `acknowledgements` says whether the gateway accepts
 * `received` messages, an extension that a 0.7.0 gateway does not have.
 */
export function parseAnswer(text: string): GatewayAnswer | undefined {
  const json = parseJson(text);
  if (typeof json !== "object" || json === null) return undefined;
  const { type, token, status, message, nonce, publicKey, acknowledgements } = json as Record<string, unknown>;
  if (type === "register" && typeof token === "string") {
    return { type, token, acknowledgements: acknowledgements === true };
  }
  if (type === "authenticate" && typeof status === "boolean") {
    return { type, status, acknowledgements: acknowledgements === true };
  }
  if (type === "challenge") {
    const [nonceBytes, publicKeyBytes] = [decode32(nonce), decode32(publicKey)];
    return nonceBytes && publicKeyBytes && { type, nonce: nonceBytes, publicKey: publicKeyBytes };
  }
  if (type === "send" && typeof status === "boolean") return { type, status };
  if (type === "error" && typeof message === "string") return { type, message };
  return undefined;
}

function decode32(base58: unknown): Uint8Array | undefined {
  const bytes = typeof base58 === "string" ? decodeBase58(base58) : undefined;
  return bytes?.length === CHALLENGE_PART_SIZE ? bytes : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
