/**
 * Conversations over the client library: end-to-end encrypted messages between two clients, in order and resent until
 * they have arrived.
 *
 * ```ts
 * const client = await Peap.connect({ directory, store });
 * await using conversations = await Conversations.open(client, { store });
 * const peer = await conversations.accept(invitation);
 * await conversations.send(peer, "hello");
 * for await (const event of conversations) if (event.type === "message") console.log(event.data);
 * ```
 *
 * @module
 */
export {
  type ConversationClient,
  type ConversationEvent,
  type ConversationOptions,
  Conversations,
  type PeerStatus,
} from "./conversations.ts";
export { ConversationError, type ConversationErrorKind } from "./errors.ts";
export { formatInvitation, type Invitation, parseInvitation } from "./invitation.ts";
export type { RandomBytes } from "./key_pair.ts";
export { LONGEST_MESSAGE, type PendingMessage } from "./peer.ts";
