import { logger } from "../logging/log.ts";
import { OperatorError } from "../errors/operator_error.ts";
import {
  type Certificate,
  type CertificateFiles,
  dateOf,
  DAY,
  daysLeft,
  readCertificate,
  RENEWAL_DAYS,
} from "./certificate.ts";

/** ms between two checks of the files */
const CHECK_INTERVAL = 60_000;

const log = logger("nym_gateway::tls");

/**
 * Watches the files of the certificate in use and loads a renewed one. Refuses invalid files and keeps the certificate.
 */
export class CertificateRenewal implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
  #lastRefusal = "";
  #warnedAt = -Infinity;

  /** `current` is the certificate in `files`. `use` is called with a renewed one, for new connections. */
  constructor(
    private files: CertificateFiles,
    private current: Certificate,
    private readonly use: (certificate: Certificate) => void,
  ) {
    log.info(`TLS certificate valid until ${dateOf(current.notAfter)}: ${daysLeft(current)} days left`);
    warnIfKeyIsOpen(files, current);
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL);
  }

  /** Whole days until the certificate in use expires; negative afterwards. */
  get daysLeft(): number {
    return daysLeft(this.current);
  }

  /** When the certificate in use expires, ms since 1970. */
  get expiry(): number {
    return this.current.notAfter;
  }

  /**
   * Loads the certificate in the files, unless it is in use already, and watches these files from now on.
   *
   * @throws {OperatorError} if the files are invalid; the certificate in use is kept
   */
  reload(files: CertificateFiles = this.files): void {
    const read = readCertificate(files);
    this.files = files;
    if (read.certificate === this.current.certificate && read.key === this.current.key) return;
    this.use(read);
    this.current = read;
    warnIfKeyIsOpen(files, read);
    log.info(`New TLS certificate in use, valid until ${dateOf(read.notAfter)}: ${daysLeft(read)} days left`);
  }

  /** Stops watching the files. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #check(): void {
    try {
      this.reload();
      this.#lastRefusal = "";
    } catch (error) {
      const reason = error instanceof OperatorError ? error.message : String(error);
      if (reason !== this.#lastRefusal) log.error(`${reason}; the previous certificate stays in use`);
      this.#lastRefusal = reason;
    }
    this.#warnIfExpiring();
  }

  #warnIfExpiring(now = Date.now()): void {
    if (this.daysLeft >= RENEWAL_DAYS || now - this.#warnedAt < DAY) return;
    this.#warnedAt = now;
    log.warn(`The TLS certificate expires on ${dateOf(this.current.notAfter)}: renew it`);
  }
}

function warnIfKeyIsOpen({ key }: CertificateFiles, { isKeyOpen }: Certificate): void {
  if (isKeyOpen) log.warn(`All users of this machine can read the TLS key ${key}: run chmod o-r ${key}`);
}
