/**
 * Why a conversation could not do what it was asked:
 * - `invitation`: the text is not an invitation that can be accepted
 * - `peer`: there is no such peer, or there already is
 * - `full`: too much is waiting for the peer
 * - `length`: the message is too long
 * - `closed`: the conversations were closed, or their client ended
 */
export type ConversationErrorKind = "invitation" | "peer" | "full" | "length" | "closed";

/** What an application needs to handle. */
export class ConversationError extends Error {
  /** `ConversationError` */
  override readonly name = "ConversationError";

  /** `kind` is for programs, `message` for people. */
  constructor(readonly kind: ConversationErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
  }
}
