import { type ClientLimits, ClientsServer, type ServerContext } from "./clients/server.ts";
import type { Config } from "./config/config.ts";
import { listen } from "./listening.ts";
import type { SocketAddress } from "./sphinx/node_address.ts";
import { type CertificateFiles, readCertificate } from "./tls/certificate.ts";
import { type CountArrival, TlsFront } from "./tls/front.ts";
import { CertificateRenewal } from "./tls/renewal.ts";

/** Where the server listens that speaks TLS: only its front connects to it. */
const BEHIND_THE_FRONT: SocketAddress = { host: "127.0.0.1", port: 0 };

/** Where clients come in: the clients' server itself, or with TLS the front before it. */
export class ClientsEntrance implements AsyncDisposable {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    readonly server: ClientsServer,
    /** where clients connect to */
    readonly address: SocketAddress,
    private readonly renewal: CertificateRenewal | undefined,
  ) {}

  /** @throws {OperatorError} when the address can't be listened on, or certificate or key won't do */
  static open(
    endpoint: Config["clientsEndpoint"],
    limits: ClientLimits,
    context: ServerContext & { count: CountArrival },
  ): ClientsEntrance {
    const parts = new AsyncDisposableStack();
    const open = <T>(open: (address: SocketAddress) => T): T =>
      listen("clients", "--clients-host or --clients-port", endpoint.listeningAddress, open);
    const files = certificateFiles(endpoint);
    if (files === undefined) {
      const server = parts.use(open((address) => ClientsServer.listen(address, context, limits)));
      return new ClientsEntrance(parts, server, server.address, undefined);
    }
    const identity = readCertificate(files);
    const front = parts.use(open((address) => TlsFront.listen(address, () => server.address, context.count)));
    const server: ClientsServer = parts.use(
      ClientsServer.listen(BEHIND_THE_FRONT, context, limits, { identity, front }),
    );
    const renewal = parts.use(new CertificateRenewal(files, identity, (renewed) => server.renew(renewed)));
    return new ClientsEntrance(parts, server, front.address, renewal);
  }

  /** Whole days that the certificate is still valid; undefined without TLS. */
  get certificateDaysLeft(): number | undefined {
    return this.renewal?.daysLeft;
  }

  /**
   * Takes up the certificate in the files that are configured now. To begin or end to speak TLS takes a new start.
   * @throws {OperatorError} when they won't do; the one in use stays
   */
  reload(endpoint: Config["clientsEndpoint"]): void {
    const files = certificateFiles(endpoint);
    if (files !== undefined) this.renewal?.reload(files);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.disposeAsync();
  }
}

function certificateFiles(endpoint: Config["clientsEndpoint"]): CertificateFiles | undefined {
  const { tlsCertificate: certificate, tlsKey: key } = endpoint;
  return certificate === "" ? undefined : { certificate, key };
}
