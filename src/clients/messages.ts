import { decodeBase58 } from "../encoding/base58.ts";
import { ADDRESS_SIZE } from "../sphinx/constants.ts";

/** What a client's text frame asks for (spec §5), or the error to answer it with. Addresses, tokens and proofs: 32 bytes. */
export type ControlRequest =
  | { kind: "challenge" }
  | { kind: "register"; address: Uint8Array; proof?: Uint8Array } & LoginOptions
  | { kind: "authenticate"; address: Uint8Array; token: Uint8Array } & LoginOptions
  | { kind: "received"; frames: number }
  | { kind: "malformed"; error: string };

/** What a client may say about itself when it logs in. This is an extension of 0.7.0. */
export interface LoginOptions {
  /** it will acknowledge the messages that it takes: only that counts as delivery, from the first message on */
  acknowledges?: true;
}

const MALFORMED: ControlRequest = { kind: "malformed", error: "malformed request" };

/** Parses the JSON of a text frame. Never throws: anything else than a request gives `malformed`. */
export function parseControlRequest(text: string): ControlRequest {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    return MALFORMED;
  }
  if (typeof request !== "object" || request === null) return MALFORMED;
  const { type, address, token, proof, frames, acknowledgements } = request as Record<string, unknown>;
  if (type === "challenge") return { kind: "challenge" };
  if (type === "received") {
    return Number.isSafeInteger(frames) && frames as number >= 0
      ? { kind: "received", frames: frames as number }
      : MALFORMED;
  }
  if (typeof address !== "string" || !(type === "register" || type === "authenticate" && typeof token === "string")) {
    return MALFORMED;
  }
  const addressBytes = decode32(address);
  if (addressBytes === undefined) return { kind: "malformed", error: "malformed destination address" };
  const options: LoginOptions = acknowledgements === true ? { acknowledges: true } : {};
  if (type === "register") return registration(addressBytes, proof, options);
  const tokenBytes = decode32(token as string);
  if (tokenBytes === undefined) return { kind: "malformed", error: "malformed authentication token" };
  return { kind: "authenticate", address: addressBytes, token: tokenBytes, ...options };
}

/** A proof is an extension: 0.7.0 clients send none, and 0.7.0 gateways ignore it. */
function registration(address: Uint8Array, proof: unknown, options: LoginOptions): ControlRequest {
  if (proof === undefined) return { kind: "register", address, ...options };
  const proofBytes = typeof proof === "string" ? decode32(proof) : undefined;
  return proofBytes === undefined
    ? { kind: "malformed", error: "malformed proof" }
    : { kind: "register", address, proof: proofBytes, ...options };
}

function decode32(base58: string): Uint8Array | undefined {
  const bytes = decodeBase58(base58);
  return bytes?.length === ADDRESS_SIZE ? bytes : undefined;
}

/**
 * Our own field in the answers to a login: the gateway accepts acknowledgements (`{"type":"received","frames":N}`, where
 * the application has taken the first N binary frames of this connection). 0.7.0 clients ignore it.
 */
const EXTENSION = { acknowledgements: true };

/** The gateway's answers, each as the JSON of one text frame. All but `challenge` are those of 0.7.0, with our extension. */
export const answer = {
  /** The answer to `{"type":"challenge"}`, which a 0.7.0 gateway calls malformed. */
  challenge: (nonceBase58: string, publicKeyBase58: string) =>
    JSON.stringify({ type: "challenge", nonce: nonceBase58, publicKey: publicKeyBase58 }),
  registered: (tokenBase58: string) => JSON.stringify({ type: "register", token: tokenBase58, ...EXTENSION }),
  authenticated: () => JSON.stringify({ type: "authenticate", status: true, ...EXTENSION }),
  refused: () => JSON.stringify({ type: "authenticate", status: false }),
  sent: (status: boolean) => JSON.stringify({ type: "send", status }),
  error: (message: string) => JSON.stringify({ type: "error", message }),
};
