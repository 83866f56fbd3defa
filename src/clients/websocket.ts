import { Opcode } from "./front/frame_header.ts";
import type { Refusal, Tunnel, TunnelEvents } from "./front/tunnel.ts";

/** A client has this many ms to answer the close frame. */
const FAREWELL = 5000;
/** What the runtime's WebSocket says of a text that is not UTF-8; only that of what the front lets pass is wrong for it. */
const INVALID_TEXT = "Invalid UTF-8";

/** Why no more of a client's frames is taken. */
export type SocketRefusal = Refusal | "invalid text";

/** What a socket reports to its owner. */
export interface SocketEvents extends TunnelEvents {
  message(message: string | Uint8Array): void;
  refused(why: SocketRefusal): void;
  /** No more messages come, and nothing can be sent. */
  ended(): void;
}

/** What carries a client's messages; its owner gave it the `SocketEvents`. */
export interface MessageSocket {
  readonly isOpen: boolean;
  /** Bytes that the operating system has not taken yet, towards the client. */
  readonly bufferedAmount: number;
  /** When something of the client came last, in ms of performance.now(). */
  readonly heardAt: number;
  /** Resolves when nothing is left of the connection. */
  readonly gone: Promise<void>;
  /** Sends a message, if the socket is open. Returns how many bytes of it are to be taken. */
  send(message: string | Uint8Array): number;
  /** Asks the client to answer with a pong of the same payload, if the socket is open. */
  ping(payload: Uint8Array): void;
  /** Answers a ping of the client that has this payload, if the socket is open. */
  pong(payload: Uint8Array): void;
  /** Sends what is left and the close frame; ends the connection if the client has not answered in `farewell` ms. */
  close(code: number, reason: string, farewell?: number): void;
}

/** The runtime's WebSocket for what comes in, and a tunnel for what goes out, as the rest of the gateway sees them. */
export class ServerSocket implements MessageSocket {
  /**
   * Upgrades a request whose `upgrade` header asks for it, and that came through `tunnel`. The events are those of the
   * owner that `own` makes for the socket. Nothing here may throw once the request is upgraded: Deno would stop its server.
   * @throws what Deno.upgradeWebSocket throws at a request that is no proper upgrade
   */
  static upgrade(request: Request, tunnel: Tunnel, own: (socket: ServerSocket) => SocketEvents): Response {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 }); // pings are ours
    const events = own(new ServerSocket(tunnel));
    tunnel.attach(events);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => events.message(typeof data === "string" ? data : new Uint8Array(data));
    const over = () => { // all that the client has sent is read
      events.ended();
      if (tunnel.isOpen) tunnel.finish();
    };
    socket.onclose = over;
    socket.onerror = (event) => {
      if ((event as ErrorEvent).message === INVALID_TEXT) events.refused("invalid text");
      // A request that Deno can't upgrade after all, as before 2.9 one of HTTP/1.0, becomes a WebSocket that never closes.
      else if (socket.readyState === WebSocket.CONNECTING) over();
    };
    return response;
  }

  private constructor(private readonly tunnel: Tunnel) {}

  get isOpen(): boolean {
    return this.tunnel.isOpen;
  }

  get bufferedAmount(): number {
    return this.tunnel.untaken;
  }

  get heardAt(): number {
    return this.tunnel.heardAt;
  }

  get gone(): Promise<void> {
    return this.tunnel.gone;
  }

  send(message: string | Uint8Array): number {
    if (typeof message === "string") return this.tunnel.send(Opcode.TEXT, new TextEncoder().encode(message));
    return this.tunnel.send(Opcode.BINARY, message);
  }

  ping(payload: Uint8Array): void {
    this.tunnel.send(Opcode.PING, payload);
  }

  pong(payload: Uint8Array): void {
    this.tunnel.send(Opcode.PONG, payload);
  }

  close(code: number, reason: string, farewell = FAREWELL): void {
    this.tunnel.close(code, reason, farewell);
  }
}
