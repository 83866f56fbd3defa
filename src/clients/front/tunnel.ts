import type { CounterName } from "../../counting/counter_table.ts";
import type { Count } from "../../counting/counters.ts";
import { type Rate, TokenBucket } from "../../limits/token_bucket.ts";
import type { Peer } from "../requester.ts";
import type { ClientConnection } from "./client_connection.ts";
import { type ControlFrames, type Fault, FrameGuard } from "./frame_guard.ts";
import { HttpHead } from "./http_head.ts";
import { setNoDelay } from "./no_delay.ts";
import { Outgoing } from "./outgoing.ts";

/** ms that a refused client has to read why */
const REFUSED_FAREWELL = 1000;
/** ms that a client has to take what is still sent to it, once nothing more comes from it */
const FAREWELL = 5000;
/** bytes of the server's answer that are read at a time */
const ANSWER_BUFFER = 512;

/** Why nothing more that a client sends passes. */
export type Refusal = Exclude<Fault, "head"> | "flooding";

/** What a tunnel reports to the owner of the WebSocket. */
export interface TunnelEvents extends ControlFrames {
  /** No more of the client's frames pass; the owner must close the WebSocket. */
  refused(why: Refusal): void;
}

/** Connects to the server; rejects if it cannot be reached in time. */
export type Dial = () => Promise<Deno.TcpConn>;

/**
 * One client's connection, and the connection to the runtime's server that belongs to it. The request and then the frames
 * of messages go in through the server, as far as the guard lets them pass. Apart from the server's answer to the
 * request, everything that the client gets is written here, many frames in one write.
 */
export class Tunnel {
  /** called once: with true when the request has become a WebSocket, with false if the tunnel ends before that */
  onNoLongerPending: ((isWebSocket: boolean) => void) | undefined;
  /** when the client last sent anything, in ms of performance.now() */
  heardAt: number = performance.now();
  /** Resolves when nothing is left of either connection. */
  readonly gone: Promise<void>;
  #resolveGone!: (rest: Promise<void>) => void;
  #events: TunnelEvents | undefined;
  #inside: Deno.TcpConn | undefined;
  #dialing: Promise<void>;
  readonly #guard = new FrameGuard();
  readonly #outgoing: Outgoing;
  readonly #rate: TokenBucket;
  /** nothing more from the client passes */
  #inputEnded = false;
  #ended = false;
  /** when it will be cut, in ms of performance.now() */
  #endsAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Begins to pass data at once. `peer`: the client, as far as it is known; `rate`: of its frames of all kinds. While it
   * has a connection to the server, it is in `byPort` under the local port of that connection.
   */
  constructor(
    private readonly outside: ClientConnection,
    public peer: Peer,
    rate: Rate,
    private readonly count: Count,
    dial: Dial,
    private readonly byPort: Map<number, Tunnel>,
  ) {
    this.#rate = new TokenBucket(rate, performance.now());
    this.#outgoing = new Outgoing((bytes) => outside.write(bytes), () => this.cut());
    this.gone = new Promise((resolve) => this.#resolveGone = resolve);
    this.#dialing = this.#serve(dial);
  }

  /** Whether the request has not become a WebSocket yet; valid once `onNoLongerPending` has been set. */
  get isPending(): boolean {
    return this.onNoLongerPending !== undefined;
  }

  /** Whether frames can still be sent to the client. */
  get isOpen(): boolean {
    return !this.#outgoing.isClosed;
  }

  /** Bytes for the client that the operating system has not taken yet. */
  get untaken(): number {
    return this.#outgoing.pushed - this.#outgoing.written;
  }

  /** The request becomes a WebSocket, whose owner gets the events. */
  attach(events: TunnelEvents): void {
    this.#events = events;
    this.#guard.upgrade(events);
    this.#endPending();
  }

  /** Sends the client one frame, if it is open. Returns the size of the frame in bytes; 0 if it is closed. */
  send(opcode: number, payload: Uint8Array): number {
    return this.#outgoing.push(opcode, payload);
  }

  /** Sends what is queued and a close frame; ends the tunnel if the client has not answered in `farewell` ms. */
  close(code: number, reason: string, farewell: number): void {
    this.#outgoing.close(code, reason);
    this.cutIn(farewell);
    if (this.#inputEnded) this.finish();
  }

  /** Everything that the client sent has been read: answers its close frame, and ends once what waits is written. */
  finish(): void {
    if (this.#guard.isClosed) this.#outgoing.close(this.#guard.closeCode);
    this.cutIn(FAREWELL);
    this.#outgoing.idle.then(() => this.cut());
  }

  /** Ends the tunnel in `ms`, or earlier if an earlier call said so. */
  cutIn(ms: number): void {
    const endsAt = performance.now() + ms;
    if (this.#ended || endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cut(), ms);
  }

  /** Ends both connections at once, whatever the client does. */
  cut(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#endPending();
    clearTimeout(this.#timer);
    this.#outgoing.end();
    this.outside.close();
    if (this.#inside !== undefined) this.#endInside(this.#inside);
    this.#resolveGone(Promise.all([this.#dialing, this.#outgoing.idle]).then(() => {}));
  }

  async #serve(dial: Dial): Promise<void> {
    try {
      this.#inside = await dial();
    } catch {
      return this.cut();
    }
    if (this.#ended) return this.#inside.close();
    this.byPort.set(this.#inside.localAddr.port, this);
    setNoDelay(this.#inside);
    const cut = () => this.cut();
    this.#passIn(this.#inside).catch(cut);
    this.#passAnswer(this.#inside).catch(cut);
  }

  #endInside(inside: Deno.TcpConn): void {
    this.byPort.delete(inside.localAddr.port);
    inside.close();
  }

  /** Resolves when nothing more from the client passes. */
  async #passIn(inside: Deno.TcpConn): Promise<void> {
    for (let bytes = await this.outside.receive(); bytes !== null; bytes = await this.outside.receive()) {
      this.heardAt = performance.now();
      const { frames } = this.#guard;
      const passing = this.#guard.push(bytes);
      if (this.isOpen) await writeAll(inside, passing);
      const refusal = this.#guard.fault ?? this.#excess(this.#guard.frames - frames);
      if (refusal !== undefined) return this.#refuse(refusal);
      if (this.#guard.isClosed) break;
    }
    this.#inputEnded = true;
    if (!this.isOpen) this.finish(); // its owner has closed it
    else await inside.closeWrite();
  }

  #excess(frames: number): Refusal | undefined {
    return frames <= 0 || this.#rate.take(this.heardAt, frames) ? undefined : "flooding";
  }

  /** Stops reading, so that the client can't send more either, and lets the owner close the WebSocket. */
  #refuse(why: Fault | Refusal): void {
    this.count(COUNTERS[why]);
    if (why === "head" || this.#events === undefined) return this.cut();
    this.#events.refused(why);
    this.cutIn(REFUSED_FAREWELL);
  }

  #endPending(): void {
    const report = this.onNoLongerPending;
    this.onNoLongerPending = undefined;
    report?.(this.#events !== undefined);
  }

  /** Passes the server's answer to the client: all of it, or only the head if it upgrades the request. */
  async #passAnswer(inside: Deno.TcpConn): Promise<void> {
    const head = new HttpHead();
    const buffer = new Uint8Array(ANSWER_BUFFER);
    for (let n = await inside.read(buffer); n !== null; n = await inside.read(buffer)) {
      const isUpgraded = this.#events !== undefined;
      await writeAll(this.outside, buffer.subarray(0, isUpgraded ? head.push(buffer.subarray(0, n)) : n));
      if (head.isWhole) return this.#outgoing.open();
    }
    this.cut();
  }
}

const COUNTERS = {
  "head": "pending_too_big",
  "malformed": "frames_malformed",
  "too big": "requests_too_big",
  "flooding": "client_floods_closed",
} as const satisfies Record<Fault | Refusal, CounterName>;

async function writeAll(to: Pick<Deno.TcpConn, "write">, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}
