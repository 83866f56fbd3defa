import { decode32, encodeBase58 } from "../encoding/base58.ts";
import type { Challenge } from "../protocol/proof.ts";

/** What a client's text frame asks for (spec §5), or the error to answer it with. Addresses, tokens and proofs: 32 bytes. */
export type ControlRequest =
  | { kind: "challenge"; asked?: Challenge }
  | { kind: "register"; address: Uint8Array; proof?: Uint8Array } & LoginOptions
  | { kind: "authenticate"; address: Uint8Array; credential: Credential } & LoginOptions
  | { kind: "ping" }
  | { kind: "received"; frames: number }
  | { kind: "malformed"; error: string };

/** What a client logs in with. 0.7.0 knows only tokens. 32 bytes. */
export type Credential = { token: Uint8Array } | { proof: Uint8Array };

/** What a client may say about itself when it logs in. This is an extension of 0.7.0. */
export interface LoginOptions {
  /** it will acknowledge the messages that it takes: only that counts as delivery, from the first message on */
  acknowledges?: true;
  /** it wants to know the numbers of the messages that it gets */
  wantsNumbers?: true;
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
  const { type, address, token, proof, frames, ...rest } = request as Record<string, unknown>;
  if (type === "challenge") return challenge(rest);
  if (type === "ping") return { kind: "ping" };
  if (type === "received") {
    return Number.isSafeInteger(frames) && frames as number >= 0
      ? { kind: "received", frames: frames as number }
      : MALFORMED;
  }
  const isLogin = type === "authenticate" && (typeof token === "string" || typeof proof === "string");
  if (typeof address !== "string" || !(type === "register" || isLogin)) return MALFORMED;
  const addressBytes = decode32(address);
  if (addressBytes === undefined) return { kind: "malformed", error: "malformed destination address" };
  const options: LoginOptions = {
    ...(rest["acknowledgements"] === true ? { acknowledges: true } : {}),
    ...(rest["numbers"] === true ? { wantsNumbers: true } : {}),
  };
  if (type === "register") return registration(addressBytes, proof, options);
  const login = { kind: "authenticate", address: addressBytes, ...options } as const;
  if (typeof token === "string") {
    const tokenBytes = decode32(token);
    if (tokenBytes === undefined) return { kind: "malformed", error: "malformed authentication token" };
    return { ...login, credential: { token: tokenBytes } };
  }
  const proofBytes = decode32(proof as string);
  if (proofBytes === undefined) return { kind: "malformed", error: "malformed proof" };
  return { ...login, credential: { proof: proofBytes } };
}

/** A client may challenge the gateway in turn. */
function challenge({ nonce, publicKey }: Record<string, unknown>): ControlRequest {
  if (nonce === undefined && publicKey === undefined) return { kind: "challenge" };
  const [nonceBytes, publicKeyBytes] = [decode32(nonce), decode32(publicKey)];
  if (nonceBytes === undefined || publicKeyBytes === undefined) return MALFORMED;
  return { kind: "challenge", asked: { nonce: nonceBytes, publicKey: publicKeyBytes } };
}

/** A proof is an extension: 0.7.0 clients send none, and 0.7.0 gateways ignore it. */
function registration(address: Uint8Array, proof: unknown, options: LoginOptions): ControlRequest {
  if (proof === undefined) return { kind: "register", address, ...options };
  const proofBytes = decode32(proof);
  return proofBytes === undefined
    ? { kind: "malformed", error: "malformed proof" }
    : { kind: "register", address, proof: proofBytes, ...options };
}

/**
 * Our own field in the answers to a login: the gateway accepts acknowledgements (`{"type":"received","frames":N}`, where
 * the application has taken the first N binary frames of this connection). 0.7.0 clients ignore it.
 */
const EXTENSION = { acknowledgements: true };

/**
 * The gateway's answers, each as the JSON of one text frame. `challenge`, `pong` and `number` are ours, and are sent only to
 * clients that ask for them; the others are those of 0.7.0, with our extension.
 */
export const answer = {
  /** The answer to `{"type":"challenge"}`, which a 0.7.0 gateway calls malformed. `proof` answers the client's challenge. */
  challenge: ({ nonce, publicKey }: Challenge, proof: Uint8Array | undefined) =>
    JSON.stringify({
      type: "challenge",
      nonce: encodeBase58(nonce),
      publicKey: encodeBase58(publicKey),
      proof: proof && encodeBase58(proof),
    }),
  /** The answer to `{"type":"ping"}`: pages cannot send pings of WebSocket. */
  pong: () => JSON.stringify({ type: "pong" }),
  /** Before a stored message whose number in the inbox is not one more than that of the previous one. */
  number: (number: number) => JSON.stringify({ type: "number", number }),
  registered: (tokenBase58: string) => JSON.stringify({ type: "register", token: tokenBase58, ...EXTENSION }),
  authenticated: () => JSON.stringify({ type: "authenticate", status: true, ...EXTENSION }),
  refused: () => JSON.stringify({ type: "authenticate", status: false }),
  sent: (status: boolean) => JSON.stringify({ type: "send", status }),
  error: (message: string) => JSON.stringify({ type: "error", message }),
};
