import { decodeBase58 } from "../encoding/base58.ts";
import { ADDRESS_SIZE } from "../sphinx/constants.ts";

/** What a client's text frame asks for (spec §5), or why it asks for nothing. */
export type ControlRequest =
  | { kind: "register"; address: Uint8Array }
  | { kind: "authenticate"; address: Uint8Array; token: Uint8Array }
  | { kind: "received"; frames: number }
  | { kind: "malformed"; error: string };

const MALFORMED: ControlRequest = { kind: "malformed", error: "malformed request" };

export function parseControlRequest(text: string): ControlRequest {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    return MALFORMED;
  }
  if (typeof request !== "object" || request === null) return MALFORMED;
  const { type, address, token, frames } = request as Record<string, unknown>;
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
  if (type === "register") return { kind: "register", address: addressBytes };
  const tokenBytes = decode32(token as string);
  if (tokenBytes === undefined) return { kind: "malformed", error: "malformed authentication token" };
  return { kind: "authenticate", address: addressBytes, token: tokenBytes };
}

function decode32(base58: string): Uint8Array | undefined {
  const bytes = decodeBase58(base58);
  return bytes?.length === ADDRESS_SIZE ? bytes : undefined;
}

/**
 * Our own field in the answers to a login: the gateway takes acknowledgements (`{"type":"received","frames":N}`, N =
 * the binary frames of this connection, counted from its start, that the application has taken). 0.7.0 clients ignore it.
 */
const EXTENSION = { acknowledgements: true };

export const answer = {
  registered: (tokenBase58: string) => JSON.stringify({ type: "register", token: tokenBase58, ...EXTENSION }),
  authenticated: () => JSON.stringify({ type: "authenticate", status: true, ...EXTENSION }),
  refused: () => JSON.stringify({ type: "authenticate", status: false }),
  sent: (status: boolean) => JSON.stringify({ type: "send", status }),
  error: (message: string) => JSON.stringify({ type: "error", message }),
};
