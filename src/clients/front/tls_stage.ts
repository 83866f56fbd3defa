import { pause } from "../../timing/pause.ts";

/** In PEM. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
}

/** A failed accept (as when descriptors run out) is tried again after this many ms. */
const ACCEPT_RETRY = 100;

/**
 * Where TLS ends: a listener of the runtime's, on this machine, that only the front connects to. Why it is not there where
 * clients connect: the runtime closes a TLS connection in its own time, when the other end has taken and answered what
 * there is, and its listener has one certificate for ever.
 */
export class TlsStage {
  readonly #listener: Deno.TlsListener;
  /** by the port that they come from: connections of ours, awaited or accepted */
  readonly #slots = new Map<number, PromiseWithResolvers<Deno.TlsConn>>();
  /** connections that are being made */
  #connecting = 0;
  readonly #closing = new AbortController();
  readonly #accepting: Promise<void>;
  readonly #idle = Promise.withResolvers<void>();

  /** @throws what Deno.listenTls throws when certificate or key won't do */
  constructor({ certificate: cert, key }: TlsIdentity) {
    this.#listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
    this.#accepting = this.#accept();
  }

  /**
   * Makes a connection through it: what goes in at one end in TLS comes out at the other in the clear.
   * @throws what Deno.connect throws
   */
  async connect(): Promise<{ sealed: Deno.TcpConn; clear: Deno.TlsConn }> {
    this.#connecting++;
    try {
      const { hostname, port } = this.#listener.addr as Deno.NetAddr;
      const sealed = await Deno.connect({ hostname, port });
      const ourPort = sealed.localAddr.port;
      const clear = await this.#slot(ourPort).promise;
      this.#slots.delete(ourPort);
      return { sealed, clear };
    } finally {
      if (--this.#connecting === 0) this.#rest();
    }
  }

  /** Closes it as soon as no connection is being made; those that are there go on. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (this.#connecting > 0) await this.#idle.promise;
    this.#rest();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    for (;;) {
      try {
        const clear = await this.#listener.accept();
        if (this.#connecting === 0) clear.close(); // a program of this machine, past the front
        else this.#slot((clear.remoteAddr as Deno.NetAddr).port).resolve(clear);
      } catch {
        if (this.#closing.signal.aborted && this.#connecting === 0) return;
        await pause(ACCEPT_RETRY, this.#closing.signal);
      }
    }
  }

  #slot(port: number): PromiseWithResolvers<Deno.TlsConn> {
    const slot = this.#slots.get(port) ?? Promise.withResolvers<Deno.TlsConn>();
    this.#slots.set(port, slot);
    return slot;
  }

  /** What is accepted now and nobody asked for came past the front. */
  #rest(): void {
    for (const slot of this.#slots.values()) slot.promise.then((clear) => clear.close());
    this.#slots.clear();
    if (!this.#closing.signal.aborted) return;
    this.#idle.resolve();
    try {
      this.#listener.close();
    } catch {
      // It is closed already.
    }
  }
}
