import type { SocketAddress } from "../addresses/socket_address.ts";
import { pause } from "../timing/pause.ts";

/** ms between the end of a server, or a failed restart, and the next attempt to restart it */
const RESTART_AFTER = 100;

/** Handles the requests of a {@linkcode LastingServer}, and learns of its failures. */
export interface ServerEvents {
  /** Answers a request; `peer` is the address that it came from. If it throws, `failed` answers. */
  answer(request: Request, peer: Deno.NetAddr): Response | Promise<Response>;
  /** `answer` has thrown this. Returns what is answered in its place. */
  failed(error: unknown): Response;
  /** The server has ended with all its connections, and will be restarted. `reason`: an error, or a sentence. */
  ended(reason: unknown): void;
}

/** The runtime's HTTP server, restarted whenever it ends, which it does if it can't accept (no free descriptor, say). */
export class LastingServer implements AsyncDisposable {
  readonly #closing = new AbortController();
  #server: Deno.HttpServer<Deno.NetAddr>;

  /**
   * Listens at `asked` (port 0: any free one, also when it is restarted).
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen
   */
  constructor(private readonly asked: SocketAddress, private readonly events: ServerEvents) {
    this.#server = this.#serve();
  }

  /** Where it listens, with the actual port if port 0 was asked for. That port may change with a restart. */
  get address(): SocketAddress {
    const { hostname, port } = this.#server.addr;
    return { host: hostname, port };
  }

  /** Stops accepting and restarting; resolves when the requests under way have been answered. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#server.finished;
  }

  #serve(): Deno.HttpServer<Deno.NetAddr> {
    const { asked: { host: hostname, port }, events } = this;
    const server = Deno.serve({
      hostname,
      port,
      signal: this.#closing.signal,
      onListen: () => {},
      onError: (error) => events.failed(error),
    }, (request, { remoteAddr }) => events.answer(request, remoteAddr));
    server.finished.then(() => "it says nothing of why", (reason) => reason).then((reason) => this.#restart(reason));
    return server;
  }

  async #restart(reason: unknown): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    this.events.ended(reason);
    for (await pause(RESTART_AFTER, signal); !signal.aborted; await pause(RESTART_AFTER, signal)) {
      try {
        this.#server = this.#serve();
        return;
      } catch {
        // not yet
      }
    }
  }
}
