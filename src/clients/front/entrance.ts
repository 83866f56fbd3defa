import type { SecureContext } from "node:tls";
import type { SocketAddress } from "../../addresses/socket_address.ts";
import { Accepting } from "../../limits/accepting.ts";
import { Descriptors } from "../../limits/descriptors.ts";
import { freeDescriptors } from "../../limits/free_descriptors.ts";
import { TrustedProxies } from "../../proxies/trusted_proxies.ts";
import { nextTask } from "../../timing/next_task.ts";
import { type ClientConnection, PlainClient, type RawConnection } from "./client_connection.ts";
import { secureContextOf, TlsClient, type TlsIdentity } from "./tls_client.ts";

/** ms that connecting to the server, on this machine, may take */
export const DIAL_DEADLINE = 5_000;

/** What the owner of an entrance does. */
export interface EntranceOwner {
  /** A connection was accepted; `admit` owns it from now on. Not called before the entrance has been constructed. */
  admit(connection: Deno.TcpConn): void;
  /** None can be accepted for now; `isFirst`: since the last one that was. */
  acceptingFailed(reason: unknown, isFirst: boolean): void;
}

/**
 * A port in front of one of the runtime's servers: accepts connections while there are descriptors for them and for those
 * to the server, speaks TLS, and connects to the server.
 */
export class Entrance {
  /** the proxies whose word about their clients' addresses is trusted */
  readonly proxies: TrustedProxies;
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Accepting;
  readonly #admitting: Promise<void>;
  #secureContext: SecureContext | undefined;
  /** connections to the server that are being made */
  #dialing = 0;

  /**
   * Listens at `address` (port 0: any free one), with TLS if there is an `identity`. `inner` is where the server listens;
   * `trusted` gives the networks of the proxies, and is called on each use.
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen; what node:tls throws if `identity` is unusable
   */
  constructor(
    address: SocketAddress,
    identity: TlsIdentity | undefined,
    private readonly inner: () => SocketAddress,
    trusted: () => readonly string[],
    owner: EntranceOwner,
  ) {
    this.#secureContext = identity && secureContextOf(identity);
    this.proxies = new TrustedProxies(trusted);
    this.#listener = Deno.listen({ hostname: address.host, port: address.port });
    const descriptors = new Descriptors(freeDescriptors, () => this.#dialing /* the server's ends */);
    const failed = (reason: unknown, isFirst: boolean) => owner.acceptingFailed(reason, isFirst);
    this.#accepting = new Accepting(this.#listener, failed, descriptors);
    this.#admitting = this.#admitAll(owner);
  }

  /** Where it listens, with the actual port if port 0 was asked for. */
  get address(): SocketAddress {
    const { hostname, port } = this.#listener.addr;
    return { host: hostname, port };
  }

  /** Whether connections can be accepted, as far as the last attempt shows. */
  get isAccepting(): boolean {
    return this.#accepting.succeeds;
  }

  /**
   * Shows this certificate to those who connect from now on. Nobody is disconnected or refused.
   * @throws what node:tls throws if it cannot use the identity; the previous one stays in use
   */
  renew(identity: TlsIdentity): void {
    this.#secureContext = secureContextOf(identity);
  }

  /** The connection as its peer means it: the other end of TLS, if there is an identity. Owns `connection`. */
  open(connection: RawConnection): ClientConnection {
    return this.#secureContext === undefined
      ? new PlainClient(connection)
      : new TlsClient(connection, this.#secureContext);
  }

  /** Connects to the server, while other connections are accepted. Rejects if that takes more than `deadline` ms. */
  async dial(deadline: number): Promise<Deno.TcpConn> {
    const { host: hostname, port } = this.inner();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no connection within ${deadline} ms`)), deadline);
    this.#dialing++;
    try {
      return await Deno.connect({ hostname, port, signal: late.signal });
    } finally {
      clearTimeout(timer);
      this.#dialing--;
    }
  }

  /** Stops accepting. */
  async stop(): Promise<void> {
    this.#accepting.stop();
    await this.#admitting;
  }

  async #admitAll(owner: EntranceOwner): Promise<void> {
    for (let next = await this.#accepting.next(); next !== undefined; next = await this.#accepting.next()) {
      owner.admit(next);
      await nextTask(); // enough to connect on this machine
    }
  }
}
