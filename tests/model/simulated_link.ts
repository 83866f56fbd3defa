import type { MessageSocket, SocketEvents } from "../../src/clients/websocket.ts";

/** ms from when the operating system took a frame until the client at the other end has read it: a slow one, on a slow line. */
export const MAX_LATENCY = 5000;
/** Bytes that operating systems and the network take of what a client does not read. */
const WINDOW = 3000;
/** ms after which a client that answers no pings is given up */
const GIVEN_UP_AFTER = 30_000;

interface Frame {
  data: string | Uint8Array;
  isPing: boolean;
  takenAt: number;
}

/** Reads of what a client gets: text or a binary frame. */
export type OnRead = (data: string | Uint8Array) => void;

/**
 * A WebSocket of the gateway with all that is behind it: the operating system's buffers, a network and a client that
 * reads, stalls or has vanished. Moves when {@linkcode flow} is called.
 */
export class SimulatedLink implements MessageSocket {
  readonly gone = Promise.resolve();
  /** the gateway's; undefined when there is no gateway any more */
  events: SocketEvents | undefined;
  #state: "open" | "closing" | "closed" = "open";
  /** frames that the gateway has sent */
  sent = 0;
  /** the client reads nothing for now, nor does it answer pings */
  stalled = false;
  /** neither end hears of the other any more */
  cut = false;
  #silentSince: number | undefined;
  #now = 0;
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

  /** The gateway closes: what it has sent is still on its way. */
  close(): void {
    if (this.isOpen) this.#state = "closing";
  }

  /** The gateway looks whether the client answers its pings. */
  tick(): void {
    if (!this.isOpen || this.#silentSince === undefined || this.#now - this.#silentSince < GIVEN_UP_AFTER) return;
    this.close();
    this.#buffered = [];
    this.events?.ended();
  }

  /** What happens by itself until now. */
  flow(now: number): void {
    this.#now = now;
    if (this.#state === "closed") return;
    const silent = this.stalled || this.cut;
    this.#silentSince = silent ? this.#silentSince ?? now : undefined;
    while (this.#buffered.length > 0 && (!silent || this.#flyingBytes < WINDOW)) {
      const frame = this.#buffered.shift()!;
      this.#flying.push({ ...frame, takenAt: now });
      this.#flyingBytes += frame.data.length;
    }
    if (!silent) this.#read(now - this.latency);
  }

  /** The client sends a frame. */
  clientSends(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.isOpen && !this.cut && !this.stalled) this.events?.message(data);
  }

  /** The client says goodbye properly, and reads nothing of what is on its way. */
  clientCloses(): void {
    if (this.isOpen && !this.cut && !this.stalled) this.#end();
  }

  /** The connection is reset: both ends know. What was on its way is lost, or `read` before the reset is noticed. */
  reset(read: boolean): void {
    if (read && !this.cut) this.#read(Infinity);
    this.#end();
  }

  /** The gateway is no more, and hears of nothing. */
  abandon(read: boolean): void {
    this.events = undefined;
    this.reset(read);
  }

  #read(takenUntil: number): void {
    while (this.#flying.length > 0 && this.#flying[0]!.takenAt <= takenUntil) {
      const { data, isPing } = this.#flying.shift()!;
      this.#flyingBytes -= data.length;
      if (!isPing) this.onRead(data);
      else if (typeof data !== "string") this.events?.pong(data); // at once: the way back takes no less than no time
    }
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
