/**
 * Why the client could not do what it was asked:
 * - `address`: the text is not a client's address
 * - `directory`: there is no topology, or no packet can be sent through it
 * - `gateway`: the gateway refused; the error's message is the gateway's own text
 * - `token`: the gateway does not accept this token for this client
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
  | "connection"
  | "superseded"
  | "full"
  | "closed";

/** The only error of this library that an application needs to handle; everything else is a programming error. */
export class PeapError extends Error {
  /** `PeapError` */
  override readonly name = "PeapError";
  /** Why it failed, for programs; `message` is for people. */
  readonly kind: PeapErrorKind;

  /** `options.cause` is the underlying error, if any. */
  constructor(kind: PeapErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
