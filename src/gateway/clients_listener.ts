import { type ClientLimits, ClientsServer, type ServerContext } from "../clients/server.ts";
import type { Config } from "../config/config.ts";
import { listen } from "./listening.ts";
import { type CertificateFiles, readCertificate } from "../tls/certificate.ts";
import { CertificateRenewal } from "../tls/renewal.ts";

/** Where clients come in: their server, and with TLS what looks after its certificate. */
export class ClientsListener implements AsyncDisposable {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    readonly server: ClientsServer,
    private readonly renewal: CertificateRenewal | undefined,
  ) {}

  /** @throws {OperatorError} when the address can't be listened on, or certificate or key won't do */
  static open(endpoint: Config["clientsEndpoint"], limits: ClientLimits, context: ServerContext): ClientsListener {
    const parts = new AsyncDisposableStack();
    const files = certificateFiles(endpoint);
    const identity = files && readCertificate(files);
    const server = parts.use(listen(
      "clients",
      "listening_address in [clients_endpoint]",
      endpoint.listeningAddress,
      (address) => ClientsServer.listen(address, context, limits, identity),
    ));
    if (files === undefined) return new ClientsListener(parts, server, undefined);
    const renewal = parts.use(new CertificateRenewal(files, identity!, (renewed) => server.renew(renewed)));
    return new ClientsListener(parts, server, renewal);
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
