import { clientFrame, Opcode, WebSocketFrames } from "../bench/load/websocket_frames.ts";
import { formatSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";

/** A WebSocket client that can do what libraries cannot: read nothing, answer nothing, or vanish. */
export class RawClient {
  readonly #frames = new WebSocketFrames();
  /** whether it answers pings while it reads messages */
  answersPings = false;

  private constructor(readonly connection: Deno.TcpConn) {}

  static async connect(address: SocketAddress): Promise<RawClient> {
    const connection = await Deno.connect({ hostname: address.host, port: address.port });
    const request = [
      "GET / HTTP/1.1",
      `host: ${formatSocketAddress(address)}`,
      "connection: upgrade",
      "upgrade: websocket",
      "sec-websocket-version: 13",
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", // RFC 6455 §1.3
    ];
    await connection.write(new TextEncoder().encode(`${request.join("\r\n")}\r\n\r\n`));
    let response = "";
    const byte = new Uint8Array(1);
    while (!response.endsWith("\r\n\r\n") && await connection.read(byte) !== null) {
      response += String.fromCharCode(byte[0]!);
    }
    if (!response.startsWith("HTTP/1.1 101")) throw new Error(`no upgrade: ${response}`);
    return new RawClient(connection);
  }

  /** Sends a control message of up to 65,535 bytes in one masked text frame. */
  async send(message: unknown): Promise<void> {
    await this.#write(clientFrame(Opcode.TEXT, new TextEncoder().encode(JSON.stringify(message))));
  }

  /** Waits for the first byte of a frame, which shows that it has arrived. */
  async frameArrived(): Promise<void> {
    await this.connection.read(new Uint8Array(1));
  }

  /** The next `count` messages; ignores other frames. */
  async messages(count: number): Promise<Uint8Array[]> {
    const messages: Uint8Array[] = [];
    const buffer = new Uint8Array(65_536);
    while (messages.length < count) {
      const read = await this.connection.read(buffer);
      if (read === null) throw new Error(`the connection ended after ${messages.length} of ${count} messages`);
      for (const { opcode, payload } of this.#frames.push(buffer.subarray(0, read))) {
        if (opcode === Opcode.BINARY) messages.push(payload.slice());
        if (opcode === Opcode.PING && this.answersPings) await this.#write(clientFrame(Opcode.PONG, payload));
      }
    }
    return messages;
  }

  /** Reads everything until the other side ends the connection. */
  async readToEnd(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    while (await this.connection.read(buffer).catch(() => null) !== null);
  }

  /** Sends a close frame and reads to the end. */
  async close(): Promise<void> {
    await this.#write(clientFrame(Opcode.CLOSE, new Uint8Array()));
    await this.readToEnd();
  }

  async #write(frame: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < frame.length;) at += await this.connection.write(frame.subarray(at));
  }

  /** Ends the connection, with a reset if there is unread data. */
  [Symbol.dispose](): void {
    this.connection.close();
  }
}
