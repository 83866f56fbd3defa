import { Opcode } from "./front/frame_header.ts";
import type { Tunnel } from "./front/tunnel.ts";

/** Seconds. Deno pings a silent client after half of it and closes the connection at its end. */
const IDLE_TIMEOUT = 30;
/** A client has this many ms to answer the close frame, and to take what it is still sent once the WebSocket has ended. */
const FAREWELL = 5000;

/** What a socket tells its owner. */
export interface SocketEvents {
  message(message: string | Uint8Array): void;
  /** The client has sent a pong that carries this. Whether it is an answer to a ping, and not sent by itself. */
  pong(payload: Uint8Array): boolean;
  /** The client has sent a message beyond `MAX_MESSAGE_SIZE` (front/frame_guard.ts); no more comes. */
  tooBig(): void;
  /** The client sends more frames than it may; no more comes. */
  flooded(): void;
  /** The connection has ended, and not by `close`. */
  ended(): void;
}

/** What carries a client's messages; its owner gave it the `SocketEvents`. */
export interface MessageSocket {
  readonly isOpen: boolean;
  /** Bytes that the operating system has not taken yet, towards the client. */
  readonly bufferedAmount: number;
  /** Resolves when nothing is left of the connection. */
  readonly gone: Promise<void>;
  /** Sends a message, if the socket is open. Says how many bytes of it are to be taken. */
  send(message: string | Uint8Array): number;
  /** Asks the client to answer with a pong of the same payload, if the socket is open. */
  ping(payload: Uint8Array): void;
  /** Sends what is left and the close frame; ends the connection if the client has not answered in `farewell` ms. */
  close(code: number, reason: string, farewell?: number): void;
  /** To be called every now and then: notices that a ping was not answered. */
  tick(): void;
}

/** The runtime's WebSocket at the end of a tunnel, as the rest of the gateway sees it. */
export class ServerSocket implements MessageSocket {
  readonly #events: SocketEvents;
  #told = false;

  /**
   * Upgrades a request whose `upgrade` header asks for it, and that came through `tunnel`. The events are those of the
   * owner that `own` makes for the socket. Nothing here may throw once the request is upgraded: Deno would stop its server.
   * @throws what Deno.upgradeWebSocket throws at a request that is no proper upgrade
   */
  static upgrade(request: Request, tunnel: Tunnel, own: (socket: ServerSocket) => SocketEvents): Response {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_TIMEOUT });
    new ServerSocket(socket, tunnel, own);
    return response;
  }

  private constructor(
    private readonly socket: WebSocket,
    private readonly tunnel: Tunnel,
    own: (socket: ServerSocket) => SocketEvents,
  ) {
    const events = own(this);
    this.#events = events;
    tunnel.attach(events);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      if (!this.#told) events.message(typeof data === "string" ? data : new Uint8Array(data));
    };
    socket.onclose = () => this.#over();
    // A request that Deno can't upgrade after all, as before 2.9 one of HTTP/1.0, becomes a WebSocket that never closes.
    socket.onerror = () => {
      if (socket.readyState === WebSocket.CONNECTING) this.#over();
    };
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  get bufferedAmount(): number {
    return this.tunnel.untaken;
  }

  get gone(): Promise<void> {
    return this.tunnel.gone;
  }

  send(message: string | Uint8Array): number {
    if (!this.isOpen) return 0;
    if (typeof message === "string") return this.tunnel.send(Opcode.TEXT, new TextEncoder().encode(message));
    return this.tunnel.send(Opcode.BINARY, message);
  }

  ping(payload: Uint8Array): void {
    if (this.isOpen) this.tunnel.send(Opcode.PING, payload);
  }

  close(code: number, reason: string, farewell = FAREWELL): void {
    this.#told = true;
    this.tunnel.cutIn(farewell);
    if (this.isOpen) this.socket.close(code, reason);
    // One whose upgrade was just answered can't be given a reason yet.
    else if (this.socket.readyState === WebSocket.CONNECTING) {
      this.socket.onopen = () => this.socket.close(code, reason);
    }
  }

  tick(): void {
    if (this.socket.readyState !== WebSocket.CLOSING) return;
    this.#tell(); // not closed by us, so by Deno: a ping was not answered
    this.tunnel.cut();
  }

  /** The runtime has let go of it, but the client's end may be open still: as when it has ended its half and reads nothing. */
  #over(): void {
    this.#tell();
    this.tunnel.cutIn(FAREWELL);
  }

  #tell(): void {
    if (this.#told) return;
    this.#told = true;
    this.#events.ended();
  }
}
