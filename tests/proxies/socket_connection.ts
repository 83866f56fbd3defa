import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";

/** A connection from a local address of one's choice, as the runtime's own cannot be made. */
export class SocketConnection {
  private constructor(private readonly socket: Socket) {
    socket.on("error", () => {}); // reading and writing report that
  }

  /** Connects from `localAddress` (all of 127.0.0.0/8 are, on Linux), with TLS if `trusted` is a certificate in PEM. */
  static async open(localAddress: string, { host, port }: SocketAddress, trusted?: string): Promise<SocketConnection> {
    const socket = connect({ host, port, localAddress });
    if (trusted === undefined) await once(socket, "connect");
    if (trusted === undefined) return new SocketConnection(socket);
    const secure = connectTls({ socket, ca: trusted, servername: "localhost" });
    await once(secure, "secureConnect");
    return new SocketConnection(secure);
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      const chunk: Uint8Array | null = this.socket.read(Math.min(buffer.length, this.socket.readableLength || 1));
      if (chunk !== null) {
        buffer.set(chunk);
        return chunk.length;
      }
      if (this.socket.readableEnded || this.socket.destroyed) return null;
      await new Promise<void>((resolve) => {
        for (const event of ["readable", "end", "close"]) this.socket.once(event, () => resolve());
      });
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    await new Promise<void>((resolve, reject) =>
      this.socket.write(bytes, (error) => error ? reject(error) : resolve())
    );
    return bytes.length;
  }

  close(): void {
    this.socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
