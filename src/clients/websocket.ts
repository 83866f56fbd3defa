import { Opcode } from "./front/frame_header.ts";
import type { Refusal, Tunnel, TunnelEvents } from "./front/tunnel.ts";

/** ms that a client has to answer the close frame */
const FAREWELL = 5000;
/** The runtime's error for a text that is not UTF-8, the only fault that it finds in the frames that the front lets pass. */
const INVALID_TEXT = "Invalid UTF-8";

/** Why no more of a client's frames are accepted. */
export type SocketRefusal = Refusal | "invalid text";

/** What a socket reports to its owner. */
export interface SocketEvents extends TunnelEvents {
  /** A whole message has arrived: a string from a text frame, bytes from a binary one, of at most 4096 bytes. */
  message(message: string | Uint8Array): void;
  /** The client's frames are refused; the owner must close the socket. */
  refused(why: SocketRefusal): void;
  /** The client has sent its last message, and all of them have been reported. */
  ended(): void;
}

/** Carries a client's messages. It reports to the `SocketEvents` that its owner gave it. */
export interface MessageSocket {
  /** Whether a message can still be sent: false once a close frame has been queued or the connection has ended. */
  readonly isOpen: boolean;
  /** Bytes for the client that the operating system has not taken yet. */
  readonly bufferedAmount: number;
  /** When the client last sent anything, in ms of performance.now(). */
  readonly heardAt: number;
  /** Resolves when nothing is left of the connection. */
  readonly gone: Promise<void>;
  /** Sends a message, if the socket is open. Returns the size of its frame in bytes; 0 if the socket is closed. */
  send(message: string | Uint8Array): number;
  /** Asks the client to answer with a pong of the same payload, if the socket is open. */
  ping(payload: Uint8Array): void;
  /** Answers the client's ping that carried this payload, if the socket is open. */
  pong(payload: Uint8Array): void;
  /** Sends what is queued, then a close frame; ends the connection if the client has not answered in `farewell` ms. */
  close(code: number, reason: string, farewell?: number): void;
}

/** One socket for the rest of the gateway: messages come in through the runtime's WebSocket and go out through a tunnel. */
export class ServerSocket implements MessageSocket {
  /**
   * Upgrades a request that came through `tunnel` and whose `upgrade` header asks for it. `own` makes the socket's owner
   * and returns its events. Nothing here may throw once the request is upgraded: Deno would stop its server.
   * @throws what Deno.upgradeWebSocket throws for a request that is not a valid upgrade
   */
  static upgrade(request: Request, tunnel: Tunnel, own: (socket: ServerSocket) => SocketEvents): Response {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 }); // pings are ours
    const events = own(new ServerSocket(tunnel));
    tunnel.attach(events);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => events.message(typeof data === "string" ? data : new Uint8Array(data));
    const over = () => { // everything that the client sent has been read
      events.ended();
      if (tunnel.isOpen) tunnel.finish();
    };
    socket.onclose = over;
    socket.onerror = (event) => {
      if ((event as ErrorEvent).message === INVALID_TEXT) events.refused("invalid text");
      // A request that Deno turns out not to upgrade (HTTP/1.0, before 2.9) becomes a WebSocket that never closes.
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
