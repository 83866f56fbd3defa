import { setImmediate } from "node:timers";
import { peerNetwork } from "../limits/peers.ts";
import { type PlaceLimits, Places } from "../limits/places.ts";
import { TokenBucket } from "../limits/token_bucket.ts";
import { logger } from "../log.ts";
import type { ClientId } from "../mailbox/client_id.ts";
import { pause } from "../pause.ts";
import { publicKeyOf } from "../sphinx/curve.ts";
import type { SocketAddress } from "../sphinx/node_address.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import { CloseCode, Connection, type ConnectionContext } from "./connection.ts";
import { MAX_FRAME_SIZE } from "./session.ts";
import { ServerSocket, type SocketEvents } from "./websocket/socket.ts";

/** Deadlines and deliveries are looked at this often (ms). */
const TICK = 250;
/** On closing, clients have this many ms to answer the close frame. */
const CLOSE_TIMEOUT = 2_000;
/** Accepting fails while descriptors or memory are short; it is tried again this many milliseconds later. */
const ACCEPT_RETRY = 100;

/** Turns of the event loop until the front before the server has noticed its own connection. */
const TURNS_TO_CONNECT = 100;
/** The frames of so many seconds may come at once. */
const FRAMES_BURST = 2;

/** What clients may take. */
export interface ClientLimits extends AdmissionLimits {
  readonly connections: PlaceLimits;
  /** connections that have not logged in */
  readonly beforeLogin: PlaceLimits;
  /** ms that a connection has to log in */
  readonly loginDeadline: number;
  /** frames of a client that are taken in a second; the rest wait in its socket */
  readonly framesPerSecond: number;
  /** ms until a wrong token or proof is answered */
  readonly wrongTokenDelay: number;
  /** whether what counts for a network counts for this machine too */
  readonly limitLoopback: boolean;
}

/** What the server asks of the gateway; the rest of the context it knows itself. */
export type ServerContext = Omit<
  ConnectionContext,
  "loggedIn" | "ended" | "publicKey" | "admission" | "wrongTokenDelay"
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

/** The clients' way in: accepts connections while there are places, and knows which client is connected. One each. */
export class ClientsServer {
  readonly #context: ConnectionContext;
  readonly #connections = new Set<Connection>();
  readonly #online = new Map<ClientId, Connection>();
  /** the last one is for new clients; those before have an older certificate */
  readonly #listeners: (Deno.TcpListener | Deno.TlsListener)[] = [];
  readonly #places: Places<Connection>;
  readonly #accepting: Promise<void>[] = [];
  readonly #closingSignal = new AbortController();
  readonly #ticker: ReturnType<typeof setInterval>;
  /** ended connections that still have something to do; all are awaited on closing */
  readonly #ending = new Map<Connection, Promise<void>>();
  #failing = false;
  #closing = false;

  private constructor(
    address: SocketAddress,
    context: ServerContext,
    private readonly limits: ClientLimits,
    private readonly tls: Tls | undefined,
  ) {
    this.#listeners.push(listenAt(address, tls?.identity));
    this.#places = new Places(limits.connections, limits.beforeLogin);
    this.#context = {
      ...context,
      publicKey: publicKeyOf(context.privateKey),
      admission: new Admission(limits, performance.now()),
      wrongTokenDelay: limits.wrongTokenDelay,
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
        const ending = connection.idle().finally(() => {
          this.#places.leave(connection.network, connection);
          this.#ending.delete(connection);
        });
        this.#ending.set(connection, ending);
        context.count("client_connections_closed");
      },
    };
    this.#accepting.push(this.#accept(this.#listeners[0]!));
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
    const { hostname, port } = this.#listeners.at(-1)!.addr;
    return { host: hostname, port };
  }

  /** Speaks TLS as `identity` at a new `address` too, a free port of the same host. What is connected stays connected. */
  renew(identity: TlsIdentity): void {
    const listener = listenAt({ host: this.address.host, port: 0 }, identity);
    this.#listeners.push(listener);
    this.#accepting.push(this.#accept(listener));
  }

  /** Whether clients can come in, as far as the last attempt tells. */
  get isServing(): boolean {
    return !this.#closing && !this.#failing;
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
    this.tls?.front.stop();
    for (const listener of this.#listeners) listener.close();
    this.#closingSignal.abort();
    await Promise.all(this.#accepting);
    for (const connection of this.#connections) connection.close(CloseCode.GOING_AWAY, "the gateway is going away");
    const timer = setTimeout(() => this.#ending.forEach((_, connection) => connection.terminate()), CLOSE_TIMEOUT);
    await Promise.all(this.#ending.values());
    clearTimeout(timer);
    this.tls?.front.cut();
  }

  async #accept(listener: Deno.TcpListener | Deno.TlsListener): Promise<void> {
    while (!this.#closing) {
      try {
        const socket = await listener.accept();
        this.#failing = false;
        const host = this.tls === undefined ? socket.remoteAddr.hostname : await hostBehind(this.tls.front, socket);
        if (host === undefined) socket.close();
        else this.#admit(socket, host);
      } catch (error) {
        if (this.#closing) return;
        this.#context.count("client_accept_errors");
        if (!this.#failing) log.warn(`Cannot accept clients' connections for now, trying on: ${error}`);
        this.#failing = true;
        await pause(ACCEPT_RETRY, this.#closingSignal.signal);
      }
    }
  }

  #admit(socket: Deno.TcpConn | Deno.TlsConn, host: string): void {
    const network = peerNetwork(host, this.limits.limitLoopback);
    const room = this.#places.roomFor(network);
    if (room.kind === "no") {
      this.#context.count("client_connections_refused");
      return socket.close();
    }
    if (room.kind === "drive out") {
      this.#context.count("client_connections_driven_out");
      room.holder.terminate();
      this.#places.leave(room.holder.network, room.holder);
    }
    const { framesPerSecond } = this.limits;
    const rate = { burst: FRAMES_BURST * framesPerSecond, perSecond: framesPerSecond };
    const { port } = socket.remoteAddr;
    const open = (events: SocketEvents) =>
      new ServerSocket(socket, MAX_FRAME_SIZE, new TokenBucket(rate, performance.now()), {
        ...events,
        requested: () => this.tls?.front.arrived(port),
      });
    const connection = new Connection(open, network, this.#context);
    this.#connections.add(connection);
    this.#places.take(network, connection);
    this.#context.count("client_connections_opened");
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

/** Who has come by the front, which may learn a moment later than we that it has connected; undefined if nobody. */
async function hostBehind(front: Front, socket: Deno.TcpConn | Deno.TlsConn): Promise<string | undefined> {
  for (let i = 0; i < TURNS_TO_CONNECT; i++) {
    const peer = front.peerAt(socket.remoteAddr.port);
    if (peer !== undefined) return peer.hostname;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return undefined;
}

function listenAt(
  { host, port }: SocketAddress,
  identity: TlsIdentity | undefined,
): Deno.TcpListener | Deno.TlsListener {
  const address = { hostname: host, port };
  return identity === undefined
    ? Deno.listen(address)
    : Deno.listenTls({ ...address, cert: identity.certificate, key: identity.key });
}
