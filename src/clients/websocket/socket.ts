import { TokenBucket } from "../../limits/token_bucket.ts";
import { FrameKind, MAX_SERVER_HEADER_SIZE, WebSocketReader, writeHeader } from "./frames.ts";
import { answerHandshake, endOfHead, MAX_HEAD_SIZE } from "./handshake.ts";

/** Bytes read at once; a connection that sends nothing has so many. */
const READ_SIZE = 8192;
/** Bytes written at once while there is more. */
const BLOCK_SIZE = 32 * 1024;
/** The first block after a pause is no bigger than it has to be. */
const FIRST_BLOCK_SIZE = 2048;
/** ms of silence after which a client is pinged, and then those in which it has to say something. */
const PING_AFTER = 15_000;
const ANSWER_TIMEOUT = 15_000;
/** ms that a client has to take what is left and to close its side. */
const CLOSE_TIMEOUT = 2_000;
/** Bytes that are read from a client that goes on after its connection was closed. */
const MAX_DISCARDED = 8 * 1024 * 1024;

/** RFC 6455 §7.4.1 */
const NORMAL_CLOSURE = 1000;
const PROTOCOL_ERROR = 1002;

/** What a socket tells its owner. */
export interface SocketEvents {
  message(message: string | Uint8Array): void;
  /** A message is bigger than allowed; nothing more is read. */
  oversized(): void;
  /** The client's request has come; whether it is one for an upgrade, the next event tells. */
  requested?(): void;
  /** The request for an upgrade is none, and was refused. */
  refused(): void;
  /**
   * The connection has ended, and not by `close` or `terminate`. Properly: by a close frame, or by the end of the stream
   * without a reset.
   */
  ended(properly: boolean): void;
}

/** What carries a client's messages; its owner gave it the `SocketEvents`. */
export interface MessageSocket {
  readonly isOpen: boolean;
  /** Bytes that the operating system has not taken yet. */
  readonly bufferedAmount: number;
  /** Resolves when the connection is closed and nothing goes on any more. */
  readonly done: Promise<void>;
  /** Sends a message, if the socket is open. The bytes are copied. */
  send(message: string | Uint8Array): void;
  /** Sends what is left and the close frame, and ends the connection once the client has answered, or soon anyway. */
  close(code: number, reason: string): void;
  /** Ends the connection at once. */
  terminate(): void;
  /** To be called every now and then (`now` as performance.now()): pings a silent client, and gives it up in the end. */
  tick(now: number): void;
}

/** Bytes to be written. */
interface Block {
  bytes: Uint8Array;
  filled: number;
}

/**
 * The server's side of one WebSocket (RFC 6455) on an accepted TCP connection, from the client's request on. Unlike the
 * runtime's own it holds no more than one message of `maxMessageSize`, reads no faster than it is told to, and is gone when it
 * is ended, whatever the client does.
 */
export class ServerSocket implements MessageSocket {
  readonly done: Promise<void>;
  #state: "handshake" | "open" | "closing" | "closed" = "handshake";
  readonly #blocks: Block[] = [];
  #buffered = 0;
  #writing: Promise<void> | undefined;
  #heardAt = performance.now();
  #pingedAt: number | undefined;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #stopped = Promise.withResolvers<void>();

  /** `frames` is what a client's frames are taken from: one that sends more has to wait. */
  constructor(
    private readonly connection: Deno.TcpConn | Deno.TlsConn,
    private readonly maxMessageSize: number,
    private readonly frames: TokenBucket,
    private readonly events: SocketEvents,
  ) {
    this.done = Promise.resolve().then(() => this.#run()); // its events come when there is an owner to take them
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  get bufferedAmount(): number {
    return this.#buffered;
  }

  send(message: string | Uint8Array): void {
    if (this.#state !== "open") return;
    if (typeof message === "string") this.#write(FrameKind.TEXT, new TextEncoder().encode(message));
    else this.#write(FrameKind.BINARY, message);
  }

  close(code: number, reason: string): void {
    if (this.#state === "handshake") return this.terminate();
    if (this.#state === "open") this.#close(code, reason);
  }

  terminate(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#closeTimer);
    this.#stopped.resolve();
    this.connection.close();
  }

  tick(now: number): void {
    if (this.#state !== "open") return;
    if (this.#pingedAt !== undefined && now - this.#pingedAt >= ANSWER_TIMEOUT) {
      this.terminate();
      this.events.ended(false);
    } else if (this.#pingedAt === undefined && now - this.#heardAt >= PING_AFTER) {
      this.#pingedAt = now;
      this.#write(FrameKind.PING, new Uint8Array(0));
    }
  }

  async #run(): Promise<void> {
    const buffer = new Uint8Array(READ_SIZE);
    try {
      if ("setNoDelay" in this.connection) this.connection.setNoDelay(true);
      const rest = await this.#shakeHands(buffer);
      if (rest !== undefined) await this.#readMessages(buffer, rest);
    } catch { // a reset, or we have closed it
      if (this.#state !== "closed") this.#endedByPeer(false);
    }
    await this.#writing;
  }

  /** What was read after the request, once it is answered; undefined if there is no WebSocket. */
  async #shakeHands(buffer: Uint8Array): Promise<Uint8Array | undefined> {
    let filled = 0;
    let end: number | undefined;
    while ((end = endOfHead(buffer.subarray(0, filled))) === undefined && filled < MAX_HEAD_SIZE) {
      const length = await this.connection.read(buffer.subarray(filled));
      if (length === null) {
        this.#endedByPeer(true);
        return undefined;
      }
      filled += length;
    }
    this.events.requested?.();
    const { upgraded, response } = answerHandshake(buffer.subarray(0, end ?? 0));
    this.#append(new TextEncoder().encode(response));
    if (upgraded) {
      this.#state = "open";
      this.#heardAt = performance.now();
      return buffer.slice(end, filled);
    }
    this.events.refused();
    this.#linger();
    await this.#discard(buffer);
    return undefined;
  }

  async #readMessages(buffer: Uint8Array, rest: Uint8Array): Promise<void> {
    const reader = new WebSocketReader(this.maxMessageSize);
    for (let chunk = rest;;) {
      let frames = 0;
      for (const event of reader.push(chunk)) {
        frames++;
        if (this.#state !== "open") break;
        switch (event.kind) {
          case "text":
            this.events.message(event.text);
            break;
          case "binary":
            this.events.message(event.bytes);
            break;
          case "ping":
            if (this.#buffered < BLOCK_SIZE) this.#write(FrameKind.PONG, event.bytes);
            break;
          case "oversized":
            this.events.oversized();
            break;
          case "corrupt":
            this.#close(PROTOCOL_ERROR, event.reason);
            this.events.ended(false);
            break;
          case "close":
            this.#close(event.code ?? NORMAL_CLOSURE, "");
            this.events.ended(true);
        }
      }
      if (this.#state !== "open") return await this.#discard(buffer);
      const wait = this.frames.owe(frames, performance.now());
      if (wait > 0) {
        this.#heardAt = performance.now() + wait; // it is us who do not listen
        this.#pingedAt = undefined;
        await this.#pause(wait);
      }
      if (this.#state !== "open") return await this.#discard(buffer);
      const length = await this.connection.read(buffer);
      if (length === null) return this.#endedByPeer(true);
      this.#heardAt = performance.now();
      this.#pingedAt = undefined;
      chunk = buffer.subarray(0, length);
    }
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([promise, this.#stopped.promise]);
    clearTimeout(timer);
  }

  /** Closing with bytes unread would be a reset, and take from the client what it was just sent. */
  async #discard(buffer: Uint8Array): Promise<void> {
    for (let discarded = 0; this.#state !== "closed" && discarded < MAX_DISCARDED;) {
      const length = await this.connection.read(buffer);
      if (length === null) break;
      discarded += length;
    }
    await this.#writing;
    this.terminate();
  }

  #endedByPeer(properly: boolean): void {
    const isNews = this.#state !== "closing";
    this.terminate();
    if (isNews) this.events.ended(properly);
  }

  #close(code: number, reason: string): void {
    const text = new TextEncoder().encode(reason);
    const payload = new Uint8Array(2 + text.length);
    new DataView(payload.buffer).setUint16(0, code);
    payload.set(text, 2);
    this.#write(FrameKind.CLOSE, payload);
    this.#linger();
  }

  /** Nothing more is said: the client has a little time to take what was. */
  #linger(): void {
    this.#state = "closing";
    this.#closeTimer = setTimeout(() => this.terminate(), CLOSE_TIMEOUT);
  }

  #write(opcode: number, payload: Uint8Array): void {
    const block = this.#blockFor(MAX_SERVER_HEADER_SIZE + payload.length);
    const before = block.filled;
    block.filled += writeHeader(block.bytes, block.filled, opcode, payload.length);
    block.bytes.set(payload, block.filled);
    block.filled += payload.length;
    this.#added(block.filled - before);
  }

  #append(bytes: Uint8Array): void {
    const block = this.#blockFor(bytes.length);
    block.bytes.set(bytes, block.filled);
    block.filled += bytes.length;
    this.#added(bytes.length);
  }

  /** The block that has room for so many more bytes. */
  #blockFor(size: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.bytes.length - last.filled >= size) return last;
    const standard = last === undefined ? FIRST_BLOCK_SIZE : BLOCK_SIZE;
    const block = { bytes: new Uint8Array(Math.max(size, standard)), filled: 0 };
    this.#blocks.push(block);
    return block;
  }

  /** Written in a later turn, so that what is sent in one go is written in one go. */
  #added(bytes: number): void {
    this.#buffered += bytes;
    this.#writing ??= Promise.resolve().then(() => this.#flush());
  }

  async #flush(): Promise<void> {
    try {
      for (let block = this.#blocks.shift(); block !== undefined; block = this.#blocks.shift()) {
        for (let written = 0; written < block.filled;) {
          const taken = await this.connection.write(block.bytes.subarray(written, block.filled));
          written += taken;
          this.#buffered -= taken;
        }
      }
      this.#writing = undefined; // in the very turn in which there is nothing left, so that the next one starts it again
      if (this.#state === "closing") await this.connection.closeWrite();
    } catch { // the reading side notices too, and tells
      this.#blocks.length = 0;
    }
  }
}
