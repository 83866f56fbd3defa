import { peerNetwork } from "../limits/peers.ts";
import { type PlaceLimits, Places } from "../limits/places.ts";
import { TokenBucket } from "../limits/token_bucket.ts";
import type { ClientId } from "../mailbox/client_id.ts";
import { logger } from "../log.ts";
import { pause } from "../pause.ts";
import type { SocketAddress } from "../sphinx/node_address.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import { CloseCode, Connection, type ConnectionContext } from "./connection.ts";
import { ServerSocket } from "./websocket.ts";

/** Deadlines and deliveries are looked at this often (ms). */
const TICK = 250;
/** On closing, sockets have this many ms to answer the close frame. */
const CLOSE_TIMEOUT = 2_000;
/** A server that ended is made anew after this many ms, and again after as many. */
const SERVE_RETRY = 100;
/** The frames of so many seconds may come at once. */
const FRAMES_BURST = 2;

/** What clients may take. */
export interface ClientLimits extends AdmissionLimits {
  readonly connections: PlaceLimits;
  /** connections that have not logged in */
  readonly beforeLogin: PlaceLimits;
  /** ms that a connection has to log in */
  readonly loginDeadline: number;
  /** frames a client may send in a second; one that sends more is closed */
  readonly framesPerSecond: number;
  /** ms until a wrong token or proof is answered */
  readonly wrongTokenDelay: number;
  /** bytes that wait in memory for a client that does not take them */
  readonly slowClientBytes: number;
  /** whether what counts for a network counts for this machine too */
  readonly limitLoopback: boolean;
}

/** What the server asks of the gateway; the rest of the context it knows itself. */
export type ServerContext = Omit<
  ConnectionContext,
  "loggedIn" | "ended" | "admission" | "wrongTokenDelay" | "slowClientBytes"
>;

/** In PEM. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly key: string;
}

/** What stands before a server that speaks TLS, and passes connections on to its address (tls/front.ts). */
export interface Front {
  /** Who is at the other end of the connection that comes from this port; undefined when it is none of the front's. */
  peerAt(port: number): { readonly hostname: string } | undefined;
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

const log = logger("nym_gateway::node::client_handling::websocket::listener");

/** The clients' way in: upgrades to WebSockets while there are places, and knows which client is connected. One each. */
export class ClientsServer {
  readonly #context: ConnectionContext;
  readonly #connections = new Set<Connection>();
  readonly #online = new Map<ClientId, Connection>();
  /** the last one is for new clients; those before have an older certificate, and clients that came with it */
  readonly #servers: Deno.HttpServer<Deno.NetAddr>[] = [];
  readonly #aborter = new AbortController();
  readonly #places: Places<Connection>;
  readonly #ticker: ReturnType<typeof setInterval>;
  /** what ended connections still have to do; all is awaited on closing */
  readonly #ending = new Set<Promise<void>>();
  #serving = true;
  #closing = false;

  private constructor(
    address: SocketAddress,
    context: ServerContext,
    private readonly limits: ClientLimits,
    private readonly tls: Tls | undefined,
  ) {
    this.#serve(address, tls?.identity);
    this.#places = new Places(limits.connections, limits.beforeLogin);
    this.#context = {
      ...context,
      admission: new Admission(limits, performance.now()),
      wrongTokenDelay: limits.wrongTokenDelay,
      get slowClientBytes() {
        return limits.slowClientBytes;
      },
      loggedIn: (id, connection) => {
        this.#places.confirm(connection.network, connection);
        // The newest valid login wins: the older socket may be dead without anyone having noticed.
        this.#online.get(id)?.close(CloseCode.SUPERSEDED, "logged in elsewhere");
        this.#online.set(id, connection);
      },
      ended: (connection) => {
        this.#connections.delete(connection);
        const { id } = connection;
        if (id !== undefined && this.#online.get(id) === connection) this.#online.delete(id);
        const ending = connection.idle().finally(() => this.#ending.delete(ending));
        this.#ending.add(ending);
        connection.gone.then(() => this.#places.leave(connection.network, connection));
        context.count("client_connections_closed");
      },
    };
    this.#ticker = setInterval(() => this.#tick(), TICK);
  }

  /**
   * Listens at `address` (port 0: any free one).
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen.
   */
  static listen(
    address: SocketAddress,
    context: ServerContext,
    limits: ClientLimits,
    tls: Tls | undefined = undefined,
  ): ClientsServer {
    return new ClientsServer(address, context, limits, tls);
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

  /** How many connections there are, those included that have not logged in and those that are being closed. */
  get connections(): number {
    return this.#places.taken;
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
        this.#context.count("http_errors"); // an upgrade that is none: there is nothing else here to fail
        return new Response(null, { status: 400 });
      },
    }, (request, { remoteAddr }) => {
      this.tls?.front.arrived(remoteAddr.port);
      const peer = this.tls === undefined ? remoteAddr : this.tls.front.peerAt(remoteAddr.port);
      return this.#upgrade(request, peer?.hostname ?? remoteAddr.hostname);
    });
    this.#servers.push(server);
    server.finished.catch(() => {}).then(() => this.#ended(server, identity));
  }

  /**
   * Deno's server ends, and its WebSockets with it, when it can't accept (no descriptors are left): it is made anew, at the
   * same address, as soon as that works.
   */
  async #ended(server: Deno.HttpServer<Deno.NetAddr>, identity: TlsIdentity | undefined): Promise<void> {
    if (this.#closing) return;
    this.#serving = false;
    this.#context.count("client_accept_errors");
    log.error("Cannot accept clients' connections (are descriptors short?): listening again as soon as possible");
    this.#servers.splice(this.#servers.indexOf(server), 1);
    const { hostname: host, port } = server.addr;
    while (!this.#closing) {
      await pause(SERVE_RETRY, this.#aborter.signal);
      try {
        if (!this.#closing) this.#serve({ host, port }, identity);
        this.#serving = true;
        return;
      } catch {
        // not yet
      }
    }
  }

  #upgrade(request: Request, host: string): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("This is a nym gateway; clients speak WebSocket to it.\n", {
        status: 426,
        headers: { upgrade: "websocket" },
      });
    }
    const network = peerNetwork(host, this.limits.limitLoopback);
    if (this.#closing || !this.#makeRoom(network)) return new Response(null, { status: 503 });
    const { framesPerSecond } = this.limits;
    const rate = { burst: FRAMES_BURST * framesPerSecond, perSecond: framesPerSecond };
    return ServerSocket.upgrade(request, new TokenBucket(rate, performance.now()), (socket) => {
      const connection = new Connection(socket, network, this.#context);
      this.#connections.add(connection);
      this.#places.take(network, connection);
      this.#context.count("client_connections_opened");
      return connection.events;
    });
  }

  /** Whether there is a place for a newcomer of that network, if need be that of another that has proven nothing. */
  #makeRoom(network: string): boolean {
    const room = this.#places.roomFor(network);
    if (room.kind === "no") this.#context.count("client_connections_refused");
    else if (room.kind === "drive out") {
      this.#context.count("client_connections_driven_out");
      room.holder.close(CloseCode.POLICY, "others want in");
      this.#places.leave(room.holder.network, room.holder);
    }
    return room.kind !== "no";
  }

  #tick(): void {
    const now = performance.now();
    for (const connection of this.#connections) {
      connection.tick(now);
      if (connection.id === undefined && now - connection.openedAt > this.limits.loginDeadline) {
        this.#context.count("logins_timed_out");
        connection.close(CloseCode.POLICY, "no login in time");
      }
    }
  }
}
