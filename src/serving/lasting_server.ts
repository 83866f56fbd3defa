import type { SocketAddress } from "../addresses/socket_address.ts";
import { pause } from "../timing/pause.ts";

/** A server that ended, or could not be restarted, is restarted after this many ms. */
const RESTART_AFTER = 100;

/** What becomes of a {@linkcode LastingServer}, and of its requests. */
export interface ServerEvents {
  answer(request: Request, peer: Deno.NetAddr): Response | Promise<Response>;
  /** `answer` has thrown this. Returns what is answered in its place. */
  failed(error: unknown): Response;
  /** It has ended with all its connections, and is restarted. */
  ended(reason: unknown): void;
}

/** The runtime's HTTP server, which ends when it can't accept, as when it finds no descriptor: restarted each time. */
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

  /** Where it listens. */
  get address(): SocketAddress {
    const { hostname, port } = this.#server.addr;
    return { host: hostname, port };
  }

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
