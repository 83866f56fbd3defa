import type { MessageSocket, SocketEvents } from "../../src/clients/websocket.ts";

/** ms from handing a frame to the operating system until a slow client on a slow line has read it. */
export const MAX_LATENCY = 5000;
/** Bytes that operating systems and the network buffer for a client that does not read. */
const WINDOW = 3000;

interface Frame {
  data: string | Uint8Array;
  isPing: boolean;
  takenAt: number;
}

/** Called with each frame that the client reads, text or binary. */
export type OnRead = (data: string | Uint8Array) => void;

/**
 * A WebSocket of the gateway with everything behind it: the operating system's buffers, a network, and a client that
 * reads, stalls or has vanished. Advances when {@linkcode flow} is called.
 */
export class SimulatedLink implements MessageSocket {
  readonly gone = Promise.resolve();
  /** the gateway's; undefined after the gateway has crashed */
  events: SocketEvents | undefined;
  #state: "open" | "closing" | "closed" = "open";
  /** frames sent by the gateway */
  sent = 0;
  /** the client currently reads nothing and does not answer pings */
  stalled = false;
  /** neither end receives anything from the other any more */
  cut = false;
  heardAt = performance.now();
  #buffered: Frame[] = [];
  #flying: Frame[] = [];
  #flyingBytes = 0;

  constructor(private readonly latency: number, private readonly onRead: OnRead) {}

  get bufferedAmount(): number {
    return this.#buffered.reduce((sum, { data }) => sum + data.length, 0);
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  send(data: string | Uint8Array): number {
    if (!this.isOpen) return 0;
    this.sent++;
    this.#buffered.push({ data: typeof data === "string" ? data : data.slice(), isPing: false, takenAt: 0 });
    return data.length;
  }

  ping(payload: Uint8Array): void {
    if (this.isOpen) this.#buffered.push({ data: payload, isPing: true, takenAt: 0 });
  }

  /** No client of the model sends pings. */
  pong(): void {}

  /** The gateway closes: what it has sent is still on its way, unless it gives the client no time. */
  close(_code: number, _reason: string, farewell?: number): void {
    if (this.isOpen) this.#state = "closing";
    if (farewell === 0) this.#buffered = [];
  }

  /** Advances to the current time. */
  flow(now: number): void {
    if (this.#state === "closed") return;
    const silent = this.stalled || this.cut;
    while (this.#buffered.length > 0 && (!silent || this.#flyingBytes < WINDOW)) {
      const frame = this.#buffered.shift()!;
      this.#flying.push({ ...frame, takenAt: now });
      this.#flyingBytes += frame.data.length;
    }
    if (!silent) this.#read(now - this.latency);
  }

  /** The client sends a frame. */
  clientSends(data: string | Uint8Array<ArrayBuffer>): void {
    if (!this.isOpen || this.cut || this.stalled) return;
    this.heardAt = performance.now();
    this.events?.message(data);
  }

  /** The client closes the connection properly, without reading the frames on their way. */
  clientCloses(): void {
    if (this.isOpen && !this.cut && !this.stalled) this.#end();
  }

  /** The connection is reset, and both ends notice. Frames on their way are lost, or `read` before that. */
  reset(read: boolean): void {
    if (read && !this.cut) this.#read(Infinity);
    this.#end();
  }

  /** The gateway has crashed and receives nothing more. */
  abandon(read: boolean): void {
    this.events = undefined;
    this.reset(read);
  }

  #read(takenUntil: number): void {
    while (this.#flying.length > 0 && this.#flying[0]!.takenAt <= takenUntil) {
      const { data, isPing } = this.#flying.shift()!;
      this.#flyingBytes -= data.length;
      if (!isPing) this.onRead(data);
      else if (typeof data !== "string") this.#answer(data);
    }
  }

  /** At once: the way back takes no less than no time. */
  #answer(ping: Uint8Array): void {
    this.heardAt = performance.now();
    this.events?.pong(ping);
  }

  #end(): void {
    if (this.#state === "closed") return;
    const isNews = this.isOpen;
    this.#state = "closed";
    this.#buffered = [];
    this.#flying = [];
    if (isNews) this.events?.ended();
  }
}
