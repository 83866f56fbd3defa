import { THIS_MACHINE } from "../limits/network.ts";
import { Places } from "../limits/places.ts";
import type { ClientId } from "../mailbox/client_id.ts";
import { logger } from "../logging/log.ts";
import type { SocketAddress } from "../addresses/socket_address.ts";
import { LastingServer } from "../serving/lasting_server.ts";
import { Standstill } from "../timing/standstill.ts";
import type { Count } from "../counting/counters.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import { CloseCode, Connection, type ConnectionContext } from "./connection.ts";
import { isForwarded } from "../proxies/forwarded.ts";
import { Front, type FrontLimits } from "./front/front.ts";
import type { TlsIdentity } from "./front/tls_client.ts";
import type { Tunnel } from "./front/tunnel.ts";
import { requesterNetwork } from "./requester.ts";
import { ServerSocket } from "./websocket.ts";

/** ms between two checks of deadlines and deliveries … */
const TICK = 250;
/** … and while all clients have logged in and confirmed what they got: an idle gateway wakes rarely */
const QUIET_TICK = 1000;
/** ms that clients have to answer the close frame when the server closes */
const CLOSE_TIMEOUT = 2_000;
/** ms that a client without a login has to read why its connection is closed */
const SHORT_FAREWELL = 100;
/** ms that a peer whose request is declined has to read the answer */
const DECLINED_FAREWELL = 1000;
/** the version of WebSocket */
const VERSION = "13";
/** Where the server listens: only its front connects to it. */
const BEHIND_THE_FRONT = { host: "127.0.0.1", port: 0 };

/** A client that registered this long ago (ms) is known: attackers rarely prepare a day ahead. */
const KNOWN_AFTER = 86_400_000;
/** The share of all places that known clients keep when all are taken. */
const KNOWN_SHARE = 1 / 2;

/** Limits on what clients may use. */
export interface ClientLimits extends AdmissionLimits, FrontLimits {
  /** logged-in connections at once */
  readonly clientConnections: number;
  /** logged-in connections at once from one network */
  readonly clientConnectionsPerNetwork: number;
  /** WebSockets at once that have not logged in; they do not count as `clientConnections` */
  readonly connectionsBeforeLogin: number;
  /** WebSockets at once from one network that have not logged in */
  readonly connectionsBeforeLoginPerNetwork: number;
  /** ms before a wrong token or proof is answered */
  readonly wrongTokenDelay: number;
  /** bytes that wait in memory for a client that does not take them */
  readonly slowClientBytes: number;
}

/** What the server needs from the gateway. It supplies the rest of the connections' context itself. */
export interface ServerContext
  extends
    Omit<ConnectionContext, "loggedIn" | "ended" | "lookSoon" | "admission" | "wrongTokenDelay" | "slowClientBytes"> {
  /** when the client registered, in ms since 1970; undefined if that is unknown */
  registeredAt(id: ClientId): number | undefined;
}

const log = logger("nym_gateway::node::client_handling::websocket::listener");

/**
 * Upgrades clients to WebSockets while there are places, and knows which are online. Each has at most one connection.
 */
export class ClientsServer {
  readonly #context: ConnectionContext;
  readonly #connections = new Set<Connection>();
  readonly #online = new Map<ClientId, Connection>();
  readonly #front: Front;
  readonly #server: LastingServer;
  /** places of connections that have not logged in … */
  readonly #pending: Places<Connection>;
  /** … and of those that have, which only a login can take from another */
  readonly #sessions: Places<Connection>;
  #ticker: ReturnType<typeof setTimeout>;
  readonly #standstill = new Standstill(performance.now());
  /** the ticker waits for longer than TICK */
  #isQuiet = false;
  /** the work that ended connections still have to do; awaited on closing */
  readonly #ending = new Set<Promise<void>>();
  #closing = false;
  #hasWarnedOfProxy = false;

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
        // The newest valid login wins: the older socket may be dead without either side having noticed.
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
          this.#end(room.holder, CloseCode.POLICY, "evicted because it was idle longest");
        }
        this.#pending.confirm(network, connection);
        this.#pending.leave(network, connection);
        this.#sessions.take(network, connection, standing);
        this.#online.set(id, connection);
        return true;
      },
      lookSoon: () => this.#lookSoon(),
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
    this.#ticker = setTimeout(() => this.#tick(), TICK);
  }

  /**
   * Listens at `address` (port 0: any free one), with TLS if there is an `identity`.
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen; what node:tls throws if `identity` is unusable
   */
  static listen(
    address: SocketAddress,
    context: ServerContext,
    limits: ClientLimits,
    identity: TlsIdentity | undefined = undefined,
  ): ClientsServer {
    return new ClientsServer(address, context, limits, identity);
  }

  /** Where clients connect, with the actual port if port 0 was asked for. */
  get address(): SocketAddress {
    return this.#front.address;
  }

  /** Speaks TLS as `identity` with new clients. Connected clients stay connected. See {@linkcode Front.renew}. */
  renew(identity: TlsIdentity): void {
    this.#front.renew(identity);
  }

  /** Whether clients can connect, as far as the last attempt shows. */
  get isServing(): boolean {
    return this.#front.isAccepting;
  }

  /** Whether clients can connect but not be served, as far as the last attempt shows. */
  get isCutOff(): boolean {
    return this.#front.isCutOff;
  }

  /** The number of WebSockets, including those that have not logged in and those that are closing. */
  get connections(): number {
    return this.#pending.taken + this.#sessions.taken;
  }

  /** The number of clients that are logged in. */
  get online(): number {
    return this.#online.size;
  }

  /** Whether the client is logged in. */
  isOnline(id: ClientId): boolean {
    return this.#online.has(id);
  }

  /** Pushes a message that is not stored; returns false if the client is not online or does not keep up. */
  pushUnstored(id: ClientId, message: Uint8Array): boolean {
    return this.#online.get(id)?.pushUnstored(message) ?? false;
  }

  /** Stops accepting, closes clients with code 1001 (going away), and gives them up to CLOSE_TIMEOUT to answer. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    clearTimeout(this.#ticker);
    for (const connection of this.#connections) connection.close(CloseCode.GOING_AWAY, "the gateway is going away");
    await this.#front.close(CLOSE_TIMEOUT);
    await this.#server[Symbol.asyncDispose]();
    await Promise.all(this.#ending);
  }

  #serve(count: Count): LastingServer {
    return new LastingServer(BEHIND_THE_FRONT, {
      answer: (request, { port }) => this.#upgrade(request, this.#front.tunnelFrom(port)),
      failed: () => {
        count("http_errors"); // an invalid upgrade: nothing else here can fail
        return new Response(null, { status: 400 });
      },
      // The front ensures that the server has descriptors to accept; if the server ends anyway, it is restarted.
      ended: () => {
        count("client_accept_errors");
        log.error("Clients' connections were lost, as the server behind the front has ended: restarting it");
      },
    });
  }

  #upgrade(request: Request, tunnel: Tunnel | undefined): Response {
    if (tunnel === undefined) return new Response(null, { status: 403 }); // a program on this machine that bypassed the front
    const { headers } = request;
    if (request.method !== "GET") return decline(tunnel, 405, null, { allow: "GET" });
    if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return decline(tunnel, 426, "This is a nym gateway; clients speak WebSocket to it.\n");
    }
    if (headers.get("sec-websocket-version") !== VERSION) { // RFC 6455 §4.4; the runtime takes any
      return decline(tunnel, 426, null, { "sec-websocket-version": VERSION });
    }
    // The front treats everything after the head as frames.
    if (headers.has("content-length") || headers.has("transfer-encoding")) return decline(tunnel, 400);
    const isTrusted = this.#front.proxies.include;
    const network = requesterNetwork(tunnel.peer, headers, isTrusted);
    if (network === undefined) return decline(tunnel, 400, "Forwarded or X-Forwarded-For is not valid.\n");
    if (tunnel.peer.network === THIS_MACHINE && isForwarded(headers) && !isTrusted(tunnel.peer.host)) {
      this.#warnOfProxy();
    }
    if (this.#closing || !this.#makeRoom(network)) return decline(tunnel, 503);
    try {
      return ServerSocket.upgrade(request, tunnel, (socket) => {
        const connection = new Connection(socket, network, this.#context);
        this.#connections.add(connection);
        this.#lookSoon();
        this.#pending.take(network, connection);
        this.#context.count("client_connections_opened");
        return connection.events;
      });
    } catch (error) {
      tunnel.cutIn(DECLINED_FAREWELL);
      throw error;
    }
  }

  /** An operator who upgrades has a proxy that is not in the list. Strangers cannot cause this. */
  #warnOfProxy(): void {
    if (this.#hasWarnedOfProxy) return;
    this.#hasWarnedOfProxy = true;
    log.warn(
      "A proxy on this machine forwards clients, but trusted_proxies in [limits] does not name it: " +
        "its clients share the limits of this machine",
    );
  }

  /** Whether there is a place for a new connection from that network. May evict another unauthenticated one. */
  #makeRoom(network: string): boolean {
    const room = this.#pending.roomFor(network);
    if (room.kind === "no") this.#context.count("client_connections_refused");
    else if (room.kind === "evict") {
      this.#context.count("client_connections_evicted");
      this.#end(room.holder, CloseCode.POLICY, "evicted for a newer connection", SHORT_FAREWELL);
    }
    return room.kind !== "no";
  }

  /** Closes a connection and frees its place at once. */
  #end(connection: Connection | undefined, code: number, reason: string, farewell?: number): void {
    if (connection === undefined) return;
    connection.close(code, reason, farewell);
    this.#leave(connection);
  }

  #leave(connection: Connection): void {
    this.#pending.leave(connection.network, connection);
    this.#sessions.leave(connection.network, connection);
  }

  #lookSoon(): void {
    if (!this.#isQuiet) return;
    this.#isQuiet = false;
    clearTimeout(this.#ticker);
    if (!this.#closing) this.#ticker = setTimeout(() => this.#tick(), TICK);
  }

  #tick(): void {
    const now = performance.now();
    this.#isQuiet = !this.#standstill.hasBeen(now) && this.#look(now);
    this.#ticker = setTimeout(() => this.#tick(), this.#isQuiet ? QUIET_TICK : TICK);
  }

  /** Checks all connections. Returns whether none of them needs another check soon. */
  #look(now: number): boolean {
    let isQuiet = true;
    for (const connection of this.#connections) {
      if (connection.tick(now)) isQuiet = false;
      if (connection.id === undefined && now - connection.openedAt > this.limits.loginDeadline) {
        this.#context.count("logins_timed_out");
        connection.close(CloseCode.POLICY, "no login in time", SHORT_FAREWELL);
      }
    }
    return isQuiet;
  }
}

/** The runtime keeps a connection open whatever the answer says, so the tunnel ends it. */
function decline(
  tunnel: Tunnel,
  status: number,
  text: string | null = null,
  headers: Record<string, string> = {},
): Response {
  tunnel.cutIn(DECLINED_FAREWELL);
  return new Response(text, { status, headers: { upgrade: "websocket", connection: "close", ...headers } });
}
