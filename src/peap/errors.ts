/**
 * Why the client could not do what it was asked:
 * - `address`: the text is not a client's address
 * - `directory`: there is no topology, or no packet can be sent through it
 * - `gateway`: the gateway refused; the error's message ends with the gateway's own text
 * - `token`: the gateway does not accept this client's credentials
 * - `proof`: the gateway did not prove that it holds its key
 * - `connection`: the gateway could not be reached, or the connection broke
 * - `superseded`: the same client has logged in elsewhere
 * - `full`: too many received messages are waiting for the application
 * - `closed`: the client was closed
 */
export type PeapErrorKind =
  | "address"
  | "directory"
  | "gateway"
  | "token"
  | "proof"
  | "connection"
  | "superseded"
  | "full"
  | "closed";

const RETRYABLE: ReadonlySet<PeapErrorKind> = new Set(["directory", "connection", "full"]);

/** What an error carries besides its message. */
export interface PeapErrorOptions {
  /** the underlying error */
  cause?: unknown;
  /** overrides what the kind implies */
  retryable?: boolean;
}

/** The only error of this library that an application needs to handle; everything else is a programming error. */
export class PeapError extends Error {
  /** `PeapError` */
  override readonly name = "PeapError";
  /** Why it failed, for programs; `message` is for people. */
  readonly kind: PeapErrorKind;
  /** Whether the same call may succeed later, without any change to it. */
  readonly retryable: boolean;

  /** By default, errors of kind `directory`, `connection` and `full` are retryable. */
  constructor(kind: PeapErrorKind, message: string, options: PeapErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.kind = kind;
    this.retryable = options.retryable ?? RETRYABLE.has(kind);
  }
}
