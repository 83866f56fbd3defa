import { type Rate, TokenBucket } from "../../limits/token_bucket.ts";
import type { SocketAddress } from "../../sphinx/node_address.ts";
import { type Fault, FrameGuard } from "./frame_guard.ts";
import { PayloadCounter } from "./payload_counter.ts";
import { ReadBuffer } from "./read_buffer.ts";

/** Who is told why it is closed has this many ms to read it. */
const FAREWELL = 1000;

/** What a tunnel tells whoever serves the client: to say farewell, as nothing of the client passes any more. */
export interface TunnelEvents {
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

/** One client's connection and its counterpart to the server: what passes, how it ends, and what the client's side took. */
export class Tunnel {
  /** called once: when the request has become a WebSocket, or at the end if that is earlier */
  onArrival: (() => void) | undefined;
  readonly #connected = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<void>();
  #events: TunnelEvents | undefined;
  #inside: Deno.TcpConn | undefined;
  readonly #guard = new FrameGuard();
  readonly #sent = new PayloadCounter();
  #taken = 0;
  #settling: Promise<void> | undefined;
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
    private readonly count: (name: string) => void,
  ) {
    this.#rate = new TokenBucket(rate, performance.now());
  }

  /** Bytes of the server's messages that the operating system has taken towards the client. */
  get taken(): number {
    return this.#taken;
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
    this.#inside.setNoDelay();
    await Promise.all([
      this.#passIn(this.#inside).catch(() => this.cut()),
      this.#passOut(this.#inside).catch(() => {}).then(() => this.cut()),
    ]);
    byPort.delete(ourPort);
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
    return frames === 0 || this.#rate.take(performance.now(), frames) ? undefined : "flooding";
  }

  /** Reads no more, so that the client can't send more either, and lets the server say farewell. */
  #refuse(wrong: Wrong): void {
    if (wrong === "too big") {
      this.count("requests_too_big");
      this.#events?.tooBig();
    } else if (wrong === "flooding") {
      this.count("client_floods_closed");
      this.#events?.flooded();
    } else if (wrong === "head") this.count("arrivals_too_big");
    else this.count("frames_malformed");
    if (this.#events === undefined || wrong === "malformed") return this.cut();
    this.cutIn(FAREWELL);
  }

  #arrive(): void {
    const tell = this.onArrival;
    this.onArrival = undefined;
    tell?.();
  }

  async #passOut(inside: Deno.TcpConn): Promise<void> {
    using buffer = new ReadBuffer();
    for (let n = await inside.read(buffer.bytes); n !== null; n = await inside.read(buffer.after(n))) {
      for (let written = 0; written < n;) {
        const bytes = buffer.bytes.subarray(written, n);
        const taken = await this.outside.write(bytes);
        this.#sent.push(bytes.subarray(0, taken));
        written += taken;
        if (this.outside.settled === undefined) this.#taken = this.#sent.bytes;
        else this.#settling ??= this.#settle(this.outside as Required<ClientConnection>);
      }
    }
  }

  /** Counts as taken what was written when nothing was under way any more. */
  async #settle(outside: Required<ClientConnection>): Promise<void> {
    let written: number;
    do {
      written = this.#sent.bytes;
      if (!await outside.settled()) break;
      this.#taken = written;
    } while (written !== this.#sent.bytes);
    this.#settling = undefined;
  }
}
