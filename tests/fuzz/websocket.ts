import { type WebSocketEvent, WebSocketReader } from "../../src/clients/websocket/frames.ts";
import { answerHandshake, endOfHead } from "../../src/clients/websocket/handshake.ts";
import type { Random } from "../support/random.ts";
import { mutatedBytes, mutatedText } from "./mutate.ts";
import type { Target } from "./target.ts";

const MAX_SIZE = 300;
const MAX_FRAMES = 4;
/** No answer to a request for an upgrade is longer, whatever was asked. */
const MAX_ANSWER = 400;
/** After these nothing may come. */
const LAST = ["close", "oversized", "corrupt"];

/** A client's stream, damaged or not, gives the same events wherever it is cut, and none that is too big. */
export const webSocketStream: Target = {
  name: "websocket-stream",
  attempt(random) {
    const stream = random.oneIn(3) ? randomStream(random) : mutatedBytes(random, randomStream(random), true);
    const whole = events([stream]);
    const pieces: Uint8Array[] = [];
    for (let from = 0; from < stream.length;) {
      const to = Math.min(stream.length, from + 1 + random.below(random.pick([2, 20, 500])));
      pieces.push(stream.subarray(from, to));
      from = to;
    }
    if (JSON.stringify(events(pieces)) !== JSON.stringify(whole)) throw new Error("it matters where the stream is cut");
    const last = whole.findIndex(({ kind }) => LAST.includes(kind));
    if (last >= 0 && last < whole.length - 1) throw new Error(`${whole[last + 1]!.kind} after ${whole[last]!.kind}`);
    if (whole.some((event) => "bytes" in event && event.bytes.length > MAX_SIZE)) throw new Error("a message too big");
  },
};

function events(pieces: Uint8Array[]): WebSocketEvent[] {
  const reader = new WebSocketReader(MAX_SIZE);
  return pieces.flatMap((piece) => [...reader.push(piece)]);
}

/** Masked frames of all kinds, most of them in order. */
function randomStream(random: Random): Uint8Array {
  const bytes: number[] = [];
  for (let frames = random.below(MAX_FRAMES + 1); frames > 0; frames--) {
    const size = random.below(random.pick([8, 126, 200, 400]));
    const first = random.pick([0x81, 0x82, 0x82, 0x02, 0x00, 0x80, 0x88, 0x89, 0x8a]);
    const length = size < 126 && !random.oneIn(8) ? [size] : [126, size >> 8, size & 0xff];
    bytes.push(first, 0x80 | length[0]!, ...length.slice(1), ...random.bytes(4 + size));
  }
  return Uint8Array.from(bytes);
}

const REQUEST = [
  "GET / HTTP/1.1",
  "host: gateway.example:9000",
  "connection: Upgrade",
  "upgrade: websocket",
  "sec-websocket-version: 13",
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", // RFC 6455 §1.3
  "",
  "",
].join("\r\n");
const encoder = new TextEncoder();

/** A request for an upgrade is answered in a few words, none of them the client's. */
export const webSocketHandshake: Target = {
  name: "websocket-handshake",
  attempt(random) {
    const bytes = encoder.encode(mutatedText(random, REQUEST));
    const end = endOfHead(bytes);
    if (end === undefined) return;
    const { response } = answerHandshake(bytes.subarray(0, end));
    if (!/^HTTP\/1\.1 [1-5]\d\d /.test(response) || response.length > MAX_ANSWER) throw new Error(response);
  },
};
