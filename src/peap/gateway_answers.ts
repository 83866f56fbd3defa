import { decode32 } from "../encoding/base58.ts";

/**
 * What the gateway sends in a text frame (spec §5). Everything but `token`, `status` and `message` is an extension that a
 * 0.7.0 gateway does not have:
 * - `acknowledgements`: the gateway accepts `received` messages
 * - `challenge`: what the client must answer to prove its address. `proof` proves the gateway's key in turn.
 * - `pong`: the answer to a question whether it is still there
 * - `number`: the number in the client's inbox of the next stored message. Those after it count up from there.
 */
export type GatewayAnswer =
  | { type: "register"; token: string; acknowledgements: boolean }
  | { type: "authenticate"; status: boolean; acknowledgements: boolean }
  | { type: "challenge"; nonce: Uint8Array; publicKey: Uint8Array; proof: Uint8Array | undefined }
  | { type: "send"; status: boolean }
  | { type: "pong" }
  | { type: "number"; number: number }
  | { type: "error"; message: string };

/** Parses a text frame; undefined if it is not a known answer. */
export function parseAnswer(text: string): GatewayAnswer | undefined {
  const json = parseJson(text);
  if (typeof json !== "object" || json === null) return undefined;
  const { type, token, status, message, number, acknowledgements, ...rest } = json as Record<string, unknown>;
  if (type === "register" && typeof token === "string") {
    return { type, token, acknowledgements: acknowledgements === true };
  }
  if (type === "authenticate" && typeof status === "boolean") {
    return { type, status, acknowledgements: acknowledgements === true };
  }
  if (type === "challenge") return parseChallenge(rest);
  if (type === "send" && typeof status === "boolean") return { type, status };
  if (type === "pong") return { type };
  if (type === "number" && Number.isSafeInteger(number)) return { type, number: number as number };
  if (type === "error" && typeof message === "string") return { type, message };
  return undefined;
}

function parseChallenge(json: Record<string, unknown>): GatewayAnswer | undefined {
  const [nonce, publicKey] = [decode32(json["nonce"]), decode32(json["publicKey"])];
  const proof = json["proof"] === undefined ? undefined : decode32(json["proof"]) ?? new Uint8Array(); // proves nothing
  return nonce && publicKey && { type: "challenge", nonce, publicKey, proof };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
