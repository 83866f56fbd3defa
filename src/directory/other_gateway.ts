import { encodeBase58 } from "../encoding/base58.ts";

/** ms for the whole exchange */
const ANSWER_TIME = 3000;
const SECRET_SIZE = 32;

/**
 * Whether a gateway serves clients at `url` (ws or wss). It tries to log in a client that does not exist, which every
 * gateway since 0.7.0 answers with `authenticate` (spec §5). Call it while our own gateway is not listening. Never rejects.
 */
export async function isGatewayAt(url: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const random = () => encodeBase58(crypto.getRandomValues(new Uint8Array(SECRET_SIZE)));
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send(JSON.stringify({ type: "authenticate", address: random(), token: random() }));
  socket.onmessage = ({ data }) => resolve(isAnswer(data));
  socket.onerror = socket.onclose = () => resolve(false);
  const timer = setTimeout(() => resolve(false), ANSWER_TIME);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

function isAnswer(data: unknown): boolean {
  try {
    const { type, status } = JSON.parse(String(data)) ?? {};
    return type === "authenticate" && typeof status === "boolean";
  } catch {
    return false;
  }
}
