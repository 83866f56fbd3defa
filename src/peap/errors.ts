/**
 * What kept the client from doing what it was asked:
 * `address` – the text is not a client's address; `directory` – no topology, or none that a packet can be sent through;
 * `gateway` – the gateway refused, the message is its own text; `token` – the gateway does not know this token of ours;
 * `connection` – there is none, or it broke; `superseded` – the same client has logged in elsewhere;
 * `full` – too much was received that nobody took; `closed` – the client was closed.
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

/** The one error of this library that an application has to expect. */
export class PeapError extends Error {
  override readonly name = "PeapError";
  readonly kind: PeapErrorKind;

  constructor(kind: PeapErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
