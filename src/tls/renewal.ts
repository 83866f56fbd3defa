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

/** The files are looked at this often (ms). */
const LOOK_INTERVAL = 60_000;

const log = logger("nym_gateway::tls");

/** Looks after the files of a certificate that is in use: renewed ones are taken up, ones that won't do are refused. */
export class CertificateRenewal implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
  #refused = "";
  #complainedAt = -Infinity;

  /** `use` gives new connections a certificate other than `current`, which `files` hold. */
  constructor(
    private files: CertificateFiles,
    private current: Certificate,
    private readonly use: (certificate: Certificate) => void,
  ) {
    log.info(`TLS certificate valid until ${dateOf(current.notAfter)}: ${daysLeft(current)} days left`);
    warnOfOpenKey(files, current);
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL);
  }

  /** Whole days that the one in use is still valid. */
  get daysLeft(): number {
    return daysLeft(this.current);
  }

  /**
   * Takes up what the files hold, if it is not in use already; from now on, these files are looked at.
   * @throws {OperatorError} when they won't do; what was in use stays
   */
  reload(files: CertificateFiles = this.files): void {
    const read = readCertificate(files);
    this.files = files;
    if (read.certificate === this.current.certificate && read.key === this.current.key) return;
    this.use(read);
    this.current = read;
    warnOfOpenKey(files, read);
    log.info(`New TLS certificate in use, valid until ${dateOf(read.notAfter)}: ${daysLeft(read)} days left`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    try {
      this.reload();
      this.#refused = "";
    } catch (error) {
      const reason = error instanceof OperatorError ? error.message : String(error);
      if (reason !== this.#refused) log.error(`${reason}; the certificate in use stays`);
      this.#refused = reason;
    }
    this.#complain();
  }

  #complain(now = Date.now()): void {
    if (this.daysLeft >= RENEWAL_DAYS || now - this.#complainedAt < DAY) return;
    this.#complainedAt = now;
    log.warn(`The TLS certificate ends on ${dateOf(this.current.notAfter)}: renew it`);
  }
}

function warnOfOpenKey({ key }: CertificateFiles, { isKeyOpen }: Certificate): void {
  if (isKeyOpen) log.warn(`All users of this machine may read the TLS key ${key}: chmod o-r ${key}`);
}
