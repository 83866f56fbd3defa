import type { ClientId } from "../mailbox/client_id.ts";
import type { SocketAddress } from "../sphinx/node_address.ts";
import { CloseCode, Connection, type ConnectionContext } from "./connection.ts";

/** ms */
const LOGIN_DEADLINE = 10_000;
/** Deadlines and deliveries are looked at this often (ms). */
const TICK = 250;
/** Seconds. Deno pings a silent client after half of it and closes the connection at its end. */
const IDLE_TIMEOUT = 30;
/** On closing, sockets have this many ms to answer the close frame. */
const CLOSE_TIMEOUT = 2_000;

/** What the server asks of the gateway; the rest of the context it knows itself. */
export type ServerContext = Omit<ConnectionContext, "loggedIn" | "ended">;

/** In PEM. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
}

/** What stands before a server that speaks TLS, and passes connections on to its address (tls/front.ts). */
export interface Front {
  /** The server has got a request from this port. */
  arrived(port: number): void;
  /** Accepts no more, and ends those whose request has not arrived. */
  stop(): void;
  /** Ends all. */
  cut(): void;
}

/** For a server that speaks TLS. */
export interface Tls {
  readonly identity: TlsIdentity;
  readonly front: Front;
}

/** The clients' way in: upgrades to WebSockets, and knows which client is connected. One connection a client. */
export class ClientsServer {
  readonly #context: ConnectionContext;
  readonly #connections = new Set<Connection>();
  readonly #online = new Map<ClientId, Connection>();
  /** the last one is for new clients; those before have an older certificate, and clients that came with it */
  readonly #servers: Deno.HttpServer<Deno.NetAddr>[] = [];
  readonly #aborter = new AbortController();
  readonly #ticker: ReturnType<typeof setInterval>;
  /** what ended connections still have to do; all is awaited on closing */
  readonly #ending = new Set<Promise<void>>();
  #closing = false;
  #serving = true;

  private constructor(
    address: SocketAddress,
    private readonly context: ServerContext,
    private readonly loginDeadline: number,
    private readonly tls: Tls | undefined,
  ) {
    this.#context = {
      ...context,
      loggedIn: (id, connection) => {
        // The newest valid login wins: the older socket may be dead without anyone having noticed.
        this.#online.get(id)?.close(CloseCode.SUPERSEDED, "logged in elsewhere");
        this.#online.set(id, connection);
      },
      ended: (connection) => {
        this.#connections.delete(connection);
        const { id } = connection;
        if (id !== undefined && this.#online.get(id) === connection) this.#online.delete(id);
        context.count("client_connections_closed");
        const ending = connection.idle().finally(() => this.#ending.delete(ending));
        this.#ending.add(ending);
      },
    };
    this.#serve(address, tls?.identity);
    this.#ticker = setInterval(() => this.#tick(), TICK);
  }

  /**
   * Listens at `address` (port 0: any free one). A socket that has not logged in after `loginDeadline` ms is closed.
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen.
   */
  static listen(
    address: SocketAddress,
    context: ServerContext,
    loginDeadline = LOGIN_DEADLINE,
    tls: Tls | undefined = undefined,
  ): ClientsServer {
    return new ClientsServer(address, context, loginDeadline, tls);
  }

  /** Where it listens for new clients, with the port that port 0 became. */
  get address(): SocketAddress {
    const { hostname, port } = this.#servers.at(-1)!.addr;
    return { host: hostname, port };
  }

  /** Speaks TLS as `identity` at a new `address` too, a free port of the same host. What is connected stays connected. */
  renew(identity: TlsIdentity): void {
    this.#serve({ host: this.address.host, port: 0 }, identity);
  }

  /** Whether clients can come in. */
  get isServing(): boolean {
    return this.#serving && !this.#closing;
  }

  /** How many clients are logged in. */
  get online(): number {
    return this.#online.size;
  }

  /** Pushes a message that is not stored to a client that is online and keeps up. Says whether it did. */
  pushUnstored(id: ClientId, message: Uint8Array): boolean {
    return this.#online.get(id)?.pushUnstored(message) ?? false;
  }

  /** Accepts no more, tells clients that the gateway goes away (1001) and waits a little for them to have read it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    clearInterval(this.#ticker);
    for (const connection of this.#connections) connection.close(CloseCode.GOING_AWAY, "the gateway is going away");
    this.tls?.front.stop();
    const timer = setTimeout(
      () => this.tls === undefined ? this.#aborter.abort() : this.tls.front.cut(),
      CLOSE_TIMEOUT,
    );
    await Promise.all(this.#servers.map((server) => server.shutdown()));
    clearTimeout(timer);
    await Promise.all(this.#ending);
  }

  #serve(address: SocketAddress, identity: TlsIdentity | undefined): void {
    const server = Deno.serve({
      hostname: address.host,
      port: address.port,
      ...(identity && { cert: identity.certificate, key: identity.key }),
      signal: this.#aborter.signal,
      onListen: () => {},
      onError: () => {
        this.context.count("http_errors"); // an upgrade that is none: there is nothing else here to fail
        return new Response(null, { status: 400 });
      },
    }, (request, { remoteAddr }) => {
      this.tls?.front.arrived(remoteAddr.port);
      return this.#upgrade(request);
    });
    server.finished.finally(() => this.#serving = false);
    this.#servers.push(server);
  }

  #upgrade(request: Request): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("This is a nym gateway; clients speak WebSocket to it.\n", {
        status: 426,
        headers: { upgrade: "websocket" },
      });
    }
    if (this.#closing) return new Response(null, { status: 503 });
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_TIMEOUT });
    // From here to the return nothing may throw: Deno would stop the whole server.
    this.#connections.add(new Connection(socket, this.#context));
    this.#context.count("client_connections_opened");
    return response;
  }

  #tick(): void {
    const now = performance.now();
    for (const connection of this.#connections) {
      connection.tick(now);
      if (connection.id === undefined && now - connection.openedAt > this.loginDeadline) {
        this.#context.count("logins_timed_out");
        connection.close(CloseCode.POLICY, "no login in time");
      }
    }
  }
}
