import type { Count } from "../../counting/counters.ts";
import { type Rate, TokenBucket } from "../../limits/token_bucket.ts";
import type { SocketAddress } from "../../addresses/socket_address.ts";
import { type Fault, FrameGuard } from "./frame_guard.ts";
import { setNoDelay } from "./no_delay.ts";
import { Outgoing } from "./outgoing.ts";
import { ReadBuffer } from "./read_buffer.ts";
import { ServerStream } from "./server_stream.ts";

/** Who is told why it is closed has this many ms to read it. */
const FAREWELL = 1000;

/** What TLS was given is known to be taken only in a moment in which it is given no more: there is one every so many ms. */
const SETTLE_EVERY = 100;
/** What is read of the server at a time: its answer, and more than the largest control frame (131 bytes). */
const SERVER_BUFFER = 1024;

/** What a tunnel tells whoever serves the client. */
export interface TunnelEvents {
  /** The client has sent a pong that carries this. Whether it is an answer to a ping, and not sent by itself. */
  pong(payload: Uint8Array): boolean;
  /** To say farewell, as nothing of the client passes any more: a message was too big, or there were too many frames. */
  tooBig(): void;
  flooded(): void;
}

/**
 * A client's connection, in the clear. What `write` has written, the operating system has taken towards the client; where
 * there is a `settled`, only once that has resolved with true.
 */
export type ClientConnection = Pick<Deno.TcpConn, "read" | "write" | "close"> & { settled?(): Promise<boolean> };

/** What can be wrong with what a client sends. */
type Wrong = Fault | "flooding";

/**
 * One client's connection and its counterpart to the server: what passes, how it ends, and what the client's side took.
 * Messages to the client do not come from the server but go out here, between its frames, many in one write; the server
 * would write each by itself, to a connection that has to be read again.
 */
export class Tunnel {
  /** called once: when the request has become a WebSocket, or, with false, at the end if that is earlier */
  onArrival: ((isWebSocket: boolean) => void) | undefined;
  readonly #connected = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  #events: TunnelEvents | undefined;
  #inside: Deno.TcpConn | undefined;
  readonly #guard = new FrameGuard((payload) => this.#events?.pong(payload) ?? false);
  readonly #outgoing: Outgoing;
  /** bytes that were settled, where the client's connection says so */
  #settled = 0;
  #settling: Promise<void> | undefined;
  /** when it was known last what was taken, or the first was written after that, in ms of performance.now() */
  #settledAt = 0;
  readonly #rate: TokenBucket;
  #ended = false;
  /** when it will be cut, in ms of performance.now() */
  #endsAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `network`: where the client comes from, as limits count it; `rate`: of its frames, of all kinds. */
  constructor(
    private readonly outside: ClientConnection,
    readonly network: string,
    rate: Rate,
    private readonly count: Count,
  ) {
    this.#rate = new TokenBucket(rate, performance.now());
    this.#outgoing = new Outgoing((bytes) => this.#write(bytes), () => this.cut());
  }

  /** Sends the client one frame, with that opcode and payload. Says how many bytes that takes. */
  send(opcode: number, payload: Uint8Array): number {
    return this.#outgoing.pushMessage(opcode, payload);
  }

  /** Bytes for the client that the operating system has not taken yet. */
  get untaken(): number {
    const { pushed, written } = this.#outgoing;
    return pushed - (this.outside.settled === undefined ? written : this.#settled);
  }

  /** Resolves when there is a connection to the server, or there won't be any. */
  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  /** Resolves when neither of its connections is left. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  get isArriving(): boolean {
    return this.onArrival !== undefined;
  }

  /** The request has become a WebSocket, whose owner wants to know. */
  attach(events: TunnelEvents): void {
    this.#events = events;
    this.#guard.isUpgraded = true;
    this.#arrive();
  }

  /** Resolves at its end, which is that of either connection. */
  async serve(server: SocketAddress, byPort: Map<number, Tunnel>): Promise<void> {
    await this.#serve(server, byPort);
    this.#gone.resolve();
  }

  async #serve({ host, port }: SocketAddress, byPort: Map<number, Tunnel>): Promise<void> {
    try {
      this.#inside = await Deno.connect({ hostname: host, port });
    } catch {
      return this.cut(); // the server is closing, or there is no descriptor left
    } finally {
      this.#connected.resolve();
    }
    if (this.#ended) return this.#inside.close();
    const ourPort = this.#inside.localAddr.port;
    byPort.set(ourPort, this);
    setNoDelay(this.#inside);
    await Promise.all([
      this.#passIn(this.#inside).catch(() => this.cut()),
      this.#passOut(this.#inside).then(() => this.#passRest()).catch(() => {}).then(() => this.cut()),
    ]);
    byPort.delete(ourPort);
    await this.#outgoing.idle;
    await this.#settling;
  }

  /** Ends it in `ms`, or earlier if that was said before. */
  cutIn(ms: number): void {
    const endsAt = performance.now() + ms;
    if (this.#ended || endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cut(), ms);
  }

  /** Ends it for good: nothing is left of it, whatever the client does. */
  cut(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#arrive();
    clearTimeout(this.#timer);
    this.#outgoing.end();
    this.outside.close();
    this.#inside?.close();
  }

  /** Resolves at the end of the client's stream, or when nothing of it passes any more. */
  async #passIn(inside: Deno.TcpConn): Promise<void> {
    using buffer = new ReadBuffer();
    for (let n = await this.outside.read(buffer.bytes); n !== null; n = await this.outside.read(buffer.after(n))) {
      const { frames } = this.#guard;
      const passing = buffer.bytes.subarray(0, this.#guard.push(buffer.bytes.subarray(0, n)));
      for (let written = 0; written < passing.length;) written += await inside.write(passing.subarray(written));
      const wrong = this.#guard.fault ?? this.#excess(this.#guard.frames - frames);
      if (wrong !== undefined) return this.#refuse(wrong);
    }
    await inside.closeWrite();
  }

  #excess(frames: number): Wrong | undefined {
    return frames <= 0 || this.#rate.take(performance.now(), frames) ? undefined : "flooding";
  }

  /** Reads no more, so that the client can't send more either, and lets the server say farewell. */
  #refuse(wrong: Wrong): void {
    if (wrong === "too big") {
      this.count("requests_too_big");
      this.#events?.tooBig();
    } else if (wrong === "flooding") {
      this.count("client_floods_closed");
      this.#events?.flooded();
    } else if (wrong === "head") this.count("pending_too_big");
    else this.count("frames_malformed");
    if (this.#events === undefined || wrong === "malformed") return this.cut();
    this.cutIn(FAREWELL);
  }

  #arrive(): void {
    const tell = this.onArrival;
    this.onArrival = undefined;
    tell?.(this.#events !== undefined);
  }

  /** Resolves at the end of the server's stream, once the client's side has taken all that there is. */
  async #passOut(inside: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(SERVER_BUFFER);
    const stream = new ServerStream();
    let held = 0; // the beginning of a frame
    for (let n = await inside.read(buffer); n !== null; n = await inside.read(buffer.subarray(held))) {
      const end = held + n;
      const begun = this.#events === undefined ? 0 : stream.push(buffer.subarray(held, end));
      await this.#passFromServer(buffer.subarray(0, end - begun));
      if (stream.isAnswered) this.#outgoing.open();
      buffer.copyWithin(0, end - begun, end);
      held = begun;
      if (held === buffer.length) throw new Error("a frame of the server is no control frame");
    }
    await this.#outgoing.reaches(this.#outgoing.pushed);
  }

  /** Passes on the answer to the request, and then whole frames. The server waits, as it would for the client itself. */
  async #passFromServer(bytes: Uint8Array): Promise<void> {
    if (this.#outgoing.isOpen) {
      this.#outgoing.push(bytes);
      await this.#outgoing.reaches(this.#outgoing.pushed);
    } else for (let at = 0; at < bytes.length;) at += await this.outside.write(bytes.subarray(at));
  }

  async #write(bytes: Uint8Array): Promise<number> {
    const { outside } = this;
    const written = await outside.write(bytes);
    if (outside.settled === undefined) return written;
    this.#settling ??= this.#settle(outside as Required<ClientConnection>);
    if (performance.now() - this.#settledAt > SETTLE_EVERY) await this.#settling;
    return written;
  }

  /** The server has said its last word, which with TLS may still be on its way to the client's system. */
  async #passRest(): Promise<void> {
    if (this.outside.settled === undefined) return;
    this.cutIn(FAREWELL);
    await this.outside.settled();
  }

  /** Counts as taken what was written when nothing was under way any more. */
  async #settle(outside: Required<ClientConnection>): Promise<void> {
    let written: number;
    do {
      written = this.#outgoing.written;
      this.#settledAt = performance.now();
      if (!await outside.settled()) break;
      this.#settled = written;
    } while (written !== this.#outgoing.written);
    this.#settling = undefined;
  }
}
