import { FRAME_SIZE } from "../mixnet/frames.ts";
import { type Connect, connectByTcp, type Connection } from "../mixnet/mixnode_link.ts";

/**
 * Something that passed a link, as an observer of the wire sees it: when (ms since the start), from which place to which,
 * and how many bytes. What is in them stays where it is.
 */
export type Sighting = readonly [at: number, from: string, to: string, bytes: number];

/** Someone who watches. */
export interface Watcher {
  /** Something passed a link. */
  passed(sighting: Sighting): void;
  /** A window connected or disconnected. */
  changed(): void;
}

/** An observer of all links of the local network. */
export class Wire {
  readonly #watchers = new Set<Watcher>();
  /** the gateway of each connected window; a newer connection of a window replaces an older one */
  readonly #connections = new Map<string, { readonly gateway: string }>();

  /** The gateway of each window that is connected, by their names. */
  get connections(): Record<string, string> {
    return Object.fromEntries([...this.#connections].map(([window, { gateway }]) => [window, gateway]));
  }

  /** A window has connected to a gateway, until disposed. */
  connected(window: string, gateway: string): Disposable {
    const connection = { gateway };
    this.#connections.set(window, connection);
    this.#changed();
    return {
      [Symbol.dispose]: () => {
        if (this.#connections.get(window) !== connection) return;
        this.#connections.delete(window);
        this.#changed();
      },
    };
  }

  /** Something passes a link now. */
  pass(from: string, to: string, bytes: number): void {
    const sighting: Sighting = [Math.round(performance.now()), from, to, bytes];
    for (const watcher of this.#watchers) watcher.passed(sighting);
  }

  /** Watches until disposed. */
  watch(watcher: Watcher): Disposable {
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => this.#watchers.delete(watcher) };
  }

  /** How a node connects to others, watched. `place` is a node's name by its address `ip:port`. */
  connectFrom(from: string, place: (host: string) => string): Connect {
    return async (to, signal) => {
      const name = place(`${to.host}:${to.port}`);
      return new WatchedConnection(await connectByTcp(to, signal), () => this.pass(from, name, FRAME_SIZE));
    };
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher.changed();
  }
}

/** A node's connection to another. It carries nothing but frames of one size, so bytes say how many. */
class WatchedConnection implements Connection {
  readonly #connection: Connection;
  readonly #passed: () => void;
  #bytes = 0;

  constructor(connection: Connection, passed: () => void) {
    this.#connection = connection;
    this.#passed = passed;
  }

  read(bytes: Uint8Array): Promise<number | null> {
    return this.#connection.read(bytes);
  }

  async write(bytes: Uint8Array): Promise<number> {
    const written = await this.#connection.write(bytes);
    for (this.#bytes += written; this.#bytes >= FRAME_SIZE; this.#bytes -= FRAME_SIZE) this.#passed();
    return written;
  }

  close(): void {
    this.#connection.close();
  }
}
