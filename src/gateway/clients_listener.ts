import type { SocketAddress } from "../addresses/socket_address.ts";
import { type ClientLimits, ClientsServer, type ServerContext } from "../clients/server.ts";
import type { Config } from "../config/config.ts";
import { listen } from "../node/listening.ts";
import { certificateFiles, readCertificate } from "../tls/certificate.ts";
import { CertificateRenewal } from "../tls/renewal.ts";

/** The key with the address that clients connect to, in errors. */
export const CLIENTS_ADDRESS = "listening_address in [clients_endpoint]";

/** The clients' server and, with TLS, the renewal of its certificate. */
export class ClientsListener implements AsyncDisposable {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    /** listening, with or without TLS */
    readonly server: ClientsServer,
    private readonly renewal: CertificateRenewal | undefined,
  ) {}

  /**
   * Starts listening. @throws {OperatorError} if it cannot listen on the address, or the certificate or key is invalid
   */
  static open(endpoint: Config["clientsEndpoint"], limits: ClientLimits, context: ServerContext): ClientsListener {
    const parts = new AsyncDisposableStack();
    const files = certificateFiles(endpoint);
    const identity = files && readCertificate(files);
    const listenOn = (address: SocketAddress) => ClientsServer.listen(address, context, limits, identity);
    const server = parts.use(listen("clients", CLIENTS_ADDRESS, endpoint.listeningAddress, listenOn));
    if (files === undefined) return new ClientsListener(parts, server, undefined);
    const renewal = parts.use(new CertificateRenewal(files, identity!, (renewed) => server.renew(renewed)));
    return new ClientsListener(parts, server, renewal);
  }

  /** Whole days until the certificate expires, negative afterwards; undefined without TLS. */
  get certificateDaysLeft(): number | undefined {
    return this.renewal?.daysLeft;
  }

  /** When the certificate expires, ms since 1970; undefined without TLS. */
  get certificateExpiry(): number | undefined {
    return this.renewal?.expiry;
  }

  /**
   * Loads the certificate in the files configured now. Turning TLS on or off needs a restart.
   *
   * @throws {OperatorError} if the files are invalid; the certificate in use is kept
   */
  reload(endpoint: Config["clientsEndpoint"]): void {
    const files = certificateFiles(endpoint);
    if (files !== undefined) this.renewal?.reload(files);
  }

  /** Disconnects all clients and stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.disposeAsync();
  }
}
