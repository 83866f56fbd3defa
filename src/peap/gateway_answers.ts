/** What the gateway says in a text frame (spec §5). */
export type GatewayAnswer =
  | { type: "register"; token: string; acknowledgements: boolean }
  | { type: "authenticate"; status: boolean; acknowledgements: boolean }
  | { type: "send"; status: boolean }
  | { type: "error"; message: string };

/**
 * Reads a text frame; undefined if it is none of the answers. `acknowledgements` says whether the gateway takes
 * `received` messages, an extension that a 0.7.0 gateway does not have.
 */
export function parseAnswer(text: string): GatewayAnswer | undefined {
  const json = parseJson(text);
  if (typeof json !== "object" || json === null) return undefined;
  const { type, token, status, message, acknowledgements } = json as Record<string, unknown>;
  if (type === "register" && typeof token === "string") {
    return { type, token, acknowledgements: acknowledgements === true };
  }
  if (type === "authenticate" && typeof status === "boolean") {
    return { type, status, acknowledgements: acknowledgements === true };
  }
  if (type === "send" && typeof status === "boolean") return { type, status };
  if (type === "error" && typeof message === "string") return { type, message };
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
