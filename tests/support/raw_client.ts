import { clientFrame, Opcode, WebSocketFrames } from "../bench/load/websocket_frames.ts";
import { formatSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";

/** A frame sent by a server. */
interface Frame {
  opcode: number;
  payload: Uint8Array;
}

/** What it needs of a connection. */
type RawConnection = Pick<Deno.Conn, "read" | "write" | "close">;

/** A WebSocket client that can do what libraries cannot: read nothing, answer nothing, or vanish. */
export class RawClient<Connection extends RawConnection = Deno.TcpConn> {
  readonly #frames = new WebSocketFrames();
  readonly #come: Frame[] = [];
  /** whether it answers pings while it reads messages */
  answersPings = false;

  private constructor(readonly connection: Connection) {}

  /** `headers`: further lines of its request. */
  static async connect(address: SocketAddress, ...headers: string[]): Promise<RawClient> {
    const connection = await Deno.connect({ hostname: address.host, port: address.port });
    return await RawClient.over(connection, address, ...headers);
  }

  /** Speaks over this connection, and closes it at the end. */
  static async over<Connection extends RawConnection>(
    connection: Connection,
    address: SocketAddress,
    ...headers: string[]
  ): Promise<RawClient<Connection>> {
    const request = [
      "GET / HTTP/1.1",
      `host: ${formatSocketAddress(address)}`,
      "connection: upgrade",
      "upgrade: websocket",
      "sec-websocket-version: 13",
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", // RFC 6455 §1.3
      ...headers,
    ];
    await connection.write(new TextEncoder().encode(`${request.join("\r\n")}\r\n\r\n`));
    let response = "";
    const byte = new Uint8Array(1);
    while (!response.endsWith("\r\n\r\n") && await connection.read(byte) !== null) {
      response += String.fromCharCode(byte[0]!);
    }
    if (response.startsWith("HTTP/1.1 101")) return new RawClient(connection);
    connection.close();
    throw new Error(`no upgrade: ${response}`);
  }

  /** Sends a control message of up to 65,535 bytes in one masked text frame. */
  async send(message: unknown): Promise<void> {
    await this.sendFrame(Opcode.TEXT, new TextEncoder().encode(JSON.stringify(message)));
  }

  async sendFrame(opcode: number, payload: Uint8Array = new Uint8Array(0)): Promise<void> {
    await this.write(clientFrame(opcode, payload));
  }

  /** Waits for the first byte of a frame, which shows that it has arrived. */
  async frameArrived(): Promise<void> {
    await this.connection.read(new Uint8Array(1));
  }

  /** The next `count` messages; ignores other frames. */
  async messages(count: number): Promise<Uint8Array[]> {
    const messages: Uint8Array[] = [];
    while (messages.length < count) {
      const frame = await this.frame();
      if (frame === null) throw new Error(`the connection ended after ${messages.length} of ${count} messages`);
      if (frame.opcode === Opcode.BINARY) messages.push(frame.payload);
      if (frame.opcode === Opcode.PING && this.answersPings) await this.sendFrame(Opcode.PONG, frame.payload);
    }
    return messages;
  }

  /** The next frame with that opcode; ignores other frames. */
  async frameOf(opcode: number): Promise<Uint8Array> {
    for (let frame = await this.frame(); frame !== null; frame = await this.frame()) {
      if (frame.opcode === opcode) return frame.payload;
    }
    throw new Error(`the connection ended without a frame with opcode ${opcode}`);
  }

  /** The next frame; null at the end of the connection. */
  async frame(): Promise<Frame | null> {
    const buffer = new Uint8Array(65_536);
    while (this.#come.length === 0) {
      const read = await this.connection.read(buffer);
      if (read === null) return null;
      for (const { opcode, payload } of this.#frames.push(buffer.subarray(0, read))) {
        this.#come.push({ opcode, payload: payload.slice() });
      }
    }
    return this.#come.shift()!;
  }

  /** Reads everything until the other side ends the connection. */
  async readToEnd(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    while (await this.connection.read(buffer).catch(() => null) !== null);
  }

  /** Sends a close frame and reads to the end. */
  async close(): Promise<void> {
    await this.sendFrame(Opcode.CLOSE);
    await this.readToEnd();
  }

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.connection.write(bytes.subarray(at));
  }

  /** Ends the connection, with a reset if there is unread data. */
  [Symbol.dispose](): void {
    this.connection.close();
  }
}
