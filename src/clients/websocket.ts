import type { TokenBucket } from "../limits/token_bucket.ts";

/** Seconds. Deno pings a silent client after half of it and closes the connection at its end. */
const IDLE_TIMEOUT = 30;
/** Deno's words for an end of the stream that came without a close frame, after all was read. */
const END_OF_STREAM = "Unexpected EOF";

/** What a socket tells its owner. */
export interface SocketEvents {
  message(message: string | Uint8Array): void;
  /** The client sends more frames than it may. */
  flooded(): void;
  /**
   * The connection has ended, and not by `close`. Properly: by a close frame, or by the end of the stream without a
   * reset.
   */
  ended(properly: boolean): void;
}

/** What carries a client's messages; its owner gave it the `SocketEvents`. */
export interface MessageSocket {
  readonly isOpen: boolean;
  /** Bytes that the operating system has not taken yet. */
  readonly bufferedAmount: number;
  /** Resolves when nothing is left of the connection, which a silent peer can delay for minutes. */
  readonly gone: Promise<void>;
  /** Sends a message, if the socket is open. */
  send(message: string | Uint8Array): void;
  /** Sends what is left and the close frame. */
  close(code: number, reason: string): void;
  /** To be called every now and then: notices that a ping was not answered. */
  tick(): void;
}

/** The runtime's WebSocket as the rest of the gateway sees it. */
export class ServerSocket implements MessageSocket {
  readonly #events: SocketEvents;
  readonly #gone = Promise.withResolvers<void>();
  #endOfStream = false;
  #told = false;

  /**
   * Upgrades a request whose `upgrade` header asks for it. `rate` bounds the client's frames; the events are those of the
   * owner that `own` makes for the socket. Nothing here may throw once the request is upgraded: Deno would stop its server.
   * @throws what Deno.upgradeWebSocket throws at a request that is no proper upgrade
   */
  static upgrade(request: Request, rate: TokenBucket, own: (socket: ServerSocket) => SocketEvents): Response {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_TIMEOUT });
    new ServerSocket(socket, rate, own);
    return response;
  }

  private constructor(
    private readonly socket: WebSocket,
    rate: TokenBucket,
    own: (socket: ServerSocket) => SocketEvents,
  ) {
    const events = own(this);
    this.#events = events;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => {
      if (this.#told) return;
      if (!rate.take(performance.now())) events.flooded();
      else events.message(typeof data === "string" ? data : new Uint8Array(data));
    };
    socket.onerror = (event) => this.#endOfStream = (event as ErrorEvent).message === END_OF_STREAM;
    socket.onclose = ({ wasClean }) => {
      this.#tell(wasClean || this.#endOfStream);
      this.#gone.resolve();
    };
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  get bufferedAmount(): number {
    return this.socket.bufferedAmount;
  }

  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  send(message: string | Uint8Array): void {
    if (this.isOpen) this.socket.send(message as string | Uint8Array<ArrayBuffer>);
  }

  close(code: number, reason: string): void {
    this.#told = true;
    if (this.isOpen) this.socket.close(code, reason);
    // One whose upgrade was just answered can't be given a reason yet.
    else if (this.socket.readyState === WebSocket.CONNECTING) {
      this.socket.onopen = () => this.socket.close(code, reason);
    }
  }

  tick(): void {
    // Not by us, so by Deno: a ping was not answered. Nor does such a socket say any more what it buffers.
    if (this.socket.readyState === WebSocket.CLOSING) this.#tell(false);
  }

  #tell(properly: boolean): void {
    if (this.#told) return;
    this.#told = true;
    this.#events.ended(properly);
  }
}
