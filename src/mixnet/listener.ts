import { logger } from "../log.ts";
import type { SocketAddress } from "../sphinx/node_address.ts";
import { FrameParser } from "./frames.ts";

/** What takes the packets of all mixnodes' connections. */
export interface PacketSink {
  /** Copies the packet (`PACKET_SIZE` bytes). Called only when there is room. */
  add(packet: Uint8Array): void;
  /** undefined when there is room for a packet, else a promise of room: the listener reads no further until then. */
  room(): Promise<void> | undefined;
  /** A read's packets are all in: what waits for a fuller batch may go. */
  flush(): void;
}

const log = logger("nym_gateway::mixnet");

const READ_SIZE = 65_536;
/** Accepting fails while descriptors or memory are short; it is tried again this many milliseconds later. */
const ACCEPT_RETRY = 100;

/**
 * The way in: mixnodes connect and push frames (spec §4); nothing is ever sent back. A connection whose stream is
 * corrupt is closed; the others never notice. When the sink is full nothing is read, so that TCP pushes back.
 */
export class MixnetListener {
  readonly #listener: Deno.TcpListener;
  readonly #sink: PacketSink;
  readonly #count: (name: string, n?: number) => void;
  readonly #connections = new Map<Deno.TcpConn, Promise<void>>();
  readonly #accepting: Promise<void>;
  #failing = false;
  #disposed = false;

  private constructor(listener: Deno.TcpListener, sink: PacketSink, count: (name: string, n?: number) => void) {
    this.#listener = listener;
    this.#sink = sink;
    this.#count = count;
    this.#accepting = this.#accept();
  }

  /**
   * Listens at `address` (port 0: any free one). Events are counted by name through `count`.
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen.
   */
  static listen(
    address: SocketAddress,
    sink: PacketSink,
    count: (name: string, n?: number) => void,
  ): MixnetListener {
    return new MixnetListener(Deno.listen({ hostname: address.host, port: address.port }), sink, count);
  }

  /** Where it listens, with the port that port 0 became. */
  get address(): SocketAddress {
    const { hostname, port } = this.#listener.addr;
    return { host: hostname, port };
  }

  /** Whether connections can be accepted, as far as the last attempt tells. */
  get isAccepting(): boolean {
    return !this.#disposed && !this.#failing;
  }

  /** Stops accepting, hands what was read to the sink and closes all connections. The sink must outlive this. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#listener.close();
    await this.#accepting;
    const reading = [...this.#connections.values()];
    for (const connection of this.#connections.keys()) this.#close(connection);
    await Promise.all(reading);
  }

  async #accept(): Promise<void> {
    while (!this.#disposed) {
      try {
        const connection = await this.#listener.accept();
        this.#failing = false;
        this.#count("connections_opened");
        this.#connections.set(connection, this.#serve(connection));
      } catch (error) {
        if (this.#disposed) return;
        this.#count("accept_errors");
        if (!this.#failing) log.warn(`Cannot accept mixnet connections for now, trying on: ${error}`);
        this.#failing = true;
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY));
      }
    }
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    try {
      connection.setKeepAlive(true); // a mixnode that vanished without a word is noticed in the end
    } catch {
      // It is gone already, as the read will tell.
    }
    const parser = new FrameParser();
    const buffer = new Uint8Array(READ_SIZE);
    for (;;) {
      const length = await connection.read(buffer).catch(() => null); // a reset ends a stream as its end does
      if (length === null) break;
      await this.#take(parser, buffer.subarray(0, length));
      if (parser.corrupt !== undefined) break;
    }
    if (parser.corrupt !== undefined) this.#count("streams_corrupt");
    else if (parser.midFrame) this.#count("streams_cut");
    this.#close(connection);
  }

  /** Room is asked for before each packet, so that many connections woken at once do not overfill the sink. */
  async #take(parser: FrameParser, chunk: Uint8Array): Promise<void> {
    for (const packet of parser.push(chunk)) {
      for (let room = this.#sink.room(); room !== undefined; room = this.#sink.room()) {
        this.#sink.flush();
        await room;
      }
      this.#sink.add(packet);
    }
    this.#sink.flush();
  }

  #close(connection: Deno.TcpConn): void {
    if (!this.#connections.delete(connection)) return; // closed already, by the other end of this object's life
    this.#count("connections_closed");
    connection.close();
  }
}
