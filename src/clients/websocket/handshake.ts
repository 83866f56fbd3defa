import { sha1 } from "@noble/hashes/legacy.js";

/** A request for an upgrade may have this many bytes. */
export const MAX_HEAD_SIZE = 8192;

/** Appended to the client's key before it is hashed (RFC 6455 §1.3). */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** 16 bytes in base64 */
const KEY = /^[A-Za-z0-9+/]{22}==$/;
const END_OF_HEAD = Uint8Array.of(13, 10, 13, 10);

/** What to answer to an HTTP request; `upgraded`: from then on both sides speak WebSocket. */
export interface HandshakeAnswer {
  upgraded: boolean;
  response: string;
}

/** Where the head of the HTTP request in `bytes` ends, after its empty line; undefined if it does not end yet. */
export function endOfHead(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (END_OF_HEAD.every((byte, i) => bytes[at + i] === byte)) return at + END_OF_HEAD.length;
  }
  return undefined;
}

/** The server's part of the opening handshake (RFC 6455 §4.2). Any path will do (spec §5). */
export function answerHandshake(head: Uint8Array): HandshakeAnswer {
  const [requestLine, ...lines] = new TextDecoder("latin1").decode(head).split("\r\n");
  if (!/^GET \S+ HTTP\/1\.1$/.test(requestLine!)) return refusal("400 Bad Request");
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, Math.max(0, colon)).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return refusal(
      "426 Upgrade Required",
      "This is a nym gateway; clients speak WebSocket to it.\n",
      "upgrade: websocket\r\n",
    );
  }
  if (headers.get("sec-websocket-version") !== "13") {
    return refusal("400 Bad Request", "", "sec-websocket-version: 13\r\n");
  }
  const key = headers.get("sec-websocket-key") ?? "";
  if (!/\bupgrade\b/i.test(headers.get("connection") ?? "") || !KEY.test(key)) return refusal("400 Bad Request");
  const accept = sha1(new TextEncoder().encode(key + KEY_SUFFIX)).toBase64();
  const response =
    `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\n\r\n`;
  return { upgraded: true, response };
}

function refusal(status: string, body = "", header = ""): HandshakeAnswer {
  const type = body === "" ? "" : "content-type: text/plain\r\n";
  const headers = `${header}${type}connection: close\r\ncontent-length: ${body.length}\r\n`;
  return { upgraded: false, response: `HTTP/1.1 ${status}\r\n${headers}\r\n${body}` };
}
