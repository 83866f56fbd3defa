import { Places } from "../limits/places.ts";
import type { ClientId } from "../mailbox/client_id.ts";
import { logger } from "../logging/log.ts";
import type { SocketAddress } from "../addresses/socket_address.ts";
import { LastingServer } from "../serving/lasting_server.ts";
import type { Count } from "../counting/counters.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import { CloseCode, Connection, type ConnectionContext } from "./connection.ts";
import { Front, type FrontLimits } from "./front/front.ts";
import type { TlsIdentity } from "./front/tls_client.ts";
import type { Tunnel } from "./front/tunnel.ts";
import { requesterNetwork } from "./requester.ts";
import { ServerSocket } from "./websocket.ts";

/** Deadlines and deliveries are looked at this often (ms). */
const TICK = 250;
/** On closing, sockets have this many ms to answer the close frame. */
const CLOSE_TIMEOUT = 2_000;
/** Who has not logged in gets this many ms to read why its connection is closed. */
const SHORT_FAREWELL = 100;
/** Who asks for something else than a WebSocket, or finds no place, gets this many ms to read the answer. */
const DECLINED_FAREWELL = 1000;
/** Where the server is: only its front connects to it. */
const BEHIND_THE_FRONT = { host: "127.0.0.1", port: 0 };

/** A client that registered this long ago, in ms, is known: no attack begins a day before. */
const KNOWN_AFTER = 86_400_000;
/** The part of all places that known clients keep when all are taken. */
const KNOWN_SHARE = 1 / 2;

/** What clients may take. */
export interface ClientLimits extends AdmissionLimits, FrontLimits {
  readonly clientConnections: number;
  readonly clientConnectionsPerNetwork: number;
  readonly connectionsBeforeLogin: number;
  readonly connectionsBeforeLoginPerNetwork: number;
  /** ms until a wrong token or proof is answered */
  readonly wrongTokenDelay: number;
  /** bytes that wait in memory for a client that does not take them */
  readonly slowClientBytes: number;
}

/** What the server asks of the gateway; the rest of the context it knows itself. */
export interface ServerContext
  extends Omit<ConnectionContext, "loggedIn" | "ended" | "admission" | "wrongTokenDelay" | "slowClientBytes"> {
  /** when the client registered, in ms since 1970 */
  registeredAt(id: ClientId): number | undefined;
}

const log = logger("nym_gateway::node::client_handling::websocket::listener");

/** The clients' way in: upgrades to WebSockets while there are places, and knows which client is connected. One each. */
export class ClientsServer {
  readonly #context: ConnectionContext;
  readonly #connections = new Set<Connection>();
  readonly #online = new Map<ClientId, Connection>();
  readonly #front: Front;
  readonly #server: LastingServer;
  /** places of connections that have not logged in … */
  readonly #pending: Places<Connection>;
  /** … and of those that have: nobody gets another's without a login */
  readonly #sessions: Places<Connection>;
  readonly #ticker: ReturnType<typeof setInterval>;
  /** what ended connections still have to do; all is awaited on closing */
  readonly #ending = new Set<Promise<void>>();
  #closing = false;

  private constructor(
    address: SocketAddress,
    context: ServerContext,
    private readonly limits: ClientLimits,
    identity: TlsIdentity | undefined,
  ) {
    this.#front = new Front(address, identity, () => this.#server.address, limits, context.count);
    this.#server = this.#serve(context.count);
    const pending = () => ({
      total: limits.connectionsBeforeLogin,
      perNetwork: limits.connectionsBeforeLoginPerNetwork,
    });
    const sessions = () => ({ total: limits.clientConnections, perNetwork: limits.clientConnectionsPerNetwork });
    this.#pending = new Places(pending, pending);
    this.#sessions = new Places(sessions, sessions, {
      pending: 0,
      known: KNOWN_SHARE,
      usefulAt: (connection) => connection.usefulAt,
    });
    this.#context = {
      ...context,
      admission: new Admission(limits, performance.now()),
      wrongTokenDelay: limits.wrongTokenDelay,
      get slowClientBytes() {
        return limits.slowClientBytes;
      },
      loggedIn: (id, connection) => {
        // The newest valid login wins: the older socket may be dead without anyone having noticed.
        this.#end(this.#online.get(id), CloseCode.SUPERSEDED, "logged in elsewhere");
        const registered = context.registeredAt(id) ?? Infinity;
        const standing = registered <= Date.now() - KNOWN_AFTER ? "known" : "confirmed";
        const { network } = connection;
        const room = this.#sessions.roomFor(network, standing);
        if (room.kind === "no") {
          context.count("client_connections_refused");
          return false;
        }
        if (room.kind === "evict") {
          context.count("client_sessions_evicted");
          this.#end(room.holder, CloseCode.POLICY, "idle, and others need the place");
        }
        this.#pending.confirm(network, connection);
        this.#pending.leave(network, connection);
        this.#sessions.take(network, connection, standing);
        this.#online.set(id, connection);
        return true;
      },
      ended: (connection) => {
        this.#connections.delete(connection);
        const { id } = connection;
        if (id !== undefined && this.#online.get(id) === connection) this.#online.delete(id);
        const ending = connection.idle().finally(() => this.#ending.delete(ending));
        this.#ending.add(ending);
        connection.gone.then(() => this.#leave(connection));
        context.count("client_connections_closed");
      },
    };
    this.#ticker = setInterval(() => this.#tick(), TICK);
  }

  /**
   * Listens at `address` (port 0: any free one), with TLS if there is an `identity`.
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen.
   */
  static listen(
    address: SocketAddress,
    context: ServerContext,
    limits: ClientLimits,
    identity: TlsIdentity | undefined = undefined,
  ): ClientsServer {
    return new ClientsServer(address, context, limits, identity);
  }

  /** Where clients connect to, with the port that port 0 became. */
  get address(): SocketAddress {
    return this.#front.address;
  }

  /** Speaks TLS as `identity` with new clients. What is connected stays connected. See {@linkcode Front.renew}. */
  renew(identity: TlsIdentity): void {
    this.#front.renew(identity);
  }

  /** Whether clients can come in. */
  get isServing(): boolean {
    return this.#front.isAccepting;
  }

  /** Whether clients that come in can't be served, as far as the last attempt tells. */
  get isCutOff(): boolean {
    return this.#front.isCutOff;
  }

  /** How many connections there are, those included that have not logged in and those that are being closed. */
  get connections(): number {
    return this.#pending.taken + this.#sessions.taken;
  }

  /** How many clients are logged in. */
  get online(): number {
    return this.#online.size;
  }

  /** Whether the client is logged in. */
  isOnline(id: ClientId): boolean {
    return this.#online.has(id);
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
    await this.#front.close(CLOSE_TIMEOUT);
    await this.#server[Symbol.asyncDispose]();
    await Promise.all(this.#ending);
  }

  #serve(count: Count): LastingServer {
    return new LastingServer(BEHIND_THE_FRONT, {
      answer: (request, { port }) => this.#upgrade(request, this.#front.tunnelFrom(port)),
      failed: () => {
        count("http_errors"); // an upgrade that is none: there is nothing else here to fail
        return new Response(null, { status: 400 });
      },
      // The front sees to it that it can accept; should it end still, there is a new one.
      ended: () => {
        count("client_accept_errors");
        log.error("Clients' connections were lost, as the server behind the front has ended: restarting it");
      },
    });
  }

  #upgrade(request: Request, tunnel: Tunnel | undefined): Response {
    if (tunnel === undefined) return new Response(null, { status: 403 }); // a program of this machine, past the front
    const { headers } = request;
    if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return decline(tunnel, 426, "This is a nym gateway; clients speak WebSocket to it.\n");
    }
    // The front takes all that follows the head for frames.
    if (headers.has("content-length") || headers.has("transfer-encoding")) return decline(tunnel, 400);
    const network = requesterNetwork(tunnel.network, headers);
    if (this.#closing || !this.#makeRoom(network)) return decline(tunnel, 503);
    try {
      return ServerSocket.upgrade(request, tunnel, (socket) => {
        const connection = new Connection(socket, network, this.#context);
        this.#connections.add(connection);
        this.#pending.take(network, connection);
        this.#context.count("client_connections_opened");
        return connection.events;
      });
    } catch (error) {
      tunnel.cutIn(DECLINED_FAREWELL);
      throw error;
    }
  }

  /** Whether there is a place for a newcomer of that network, if need be that of another that has proven nothing. */
  #makeRoom(network: string): boolean {
    const room = this.#pending.roomFor(network);
    if (room.kind === "no") this.#context.count("client_connections_refused");
    else if (room.kind === "evict") {
      this.#context.count("client_connections_evicted");
      this.#end(room.holder, CloseCode.POLICY, "others want in", SHORT_FAREWELL);
    }
    return room.kind !== "no";
  }

  /** Closes a connection, whose place is free at once. */
  #end(connection: Connection | undefined, code: number, reason: string, farewell?: number): void {
    if (connection === undefined) return;
    connection.close(code, reason, farewell);
    this.#leave(connection);
  }

  #leave(connection: Connection): void {
    this.#pending.leave(connection.network, connection);
    this.#sessions.leave(connection.network, connection);
  }

  #tick(): void {
    const now = performance.now();
    for (const connection of this.#connections) {
      connection.tick(now);
      if (connection.id === undefined && now - connection.openedAt > this.limits.loginDeadline) {
        this.#context.count("logins_timed_out");
        connection.close(CloseCode.POLICY, "no login in time", SHORT_FAREWELL);
      }
    }
  }
}

/** The runtime keeps a connection whatever the answer says, so the tunnel ends it. */
function decline(tunnel: Tunnel, status: number, text: string | null = null): Response {
  tunnel.cutIn(DECLINED_FAREWELL);
  return new Response(text, { status, headers: { upgrade: "websocket", connection: "close" } });
}
