/**
 * Peap, the client library: sends and receives messages through the mixnet, in Deno or in a browser.
 *
 * ```ts
 * await using client = await Peap.connect({ directory: "http://127.0.0.1:8080", identity: generateIdentity() });
 * await client.send(recipient, "hello");
 * for await (const message of client) console.log(message.text());
 * ```
 *
 * @module
 */
export { type ClientAddress, formatAddress, parseAddress } from "./address.ts";
export { fetchTopology } from "./directory.ts";
export { PeapError, type PeapErrorKind } from "./errors.ts";
export { LONGEST_MESSAGE } from "./fragmentation.ts";
export { generateIdentity, type Identity, identityOf } from "./identity.ts";
export { Peap, type PeapOptions, ReceivedMessage } from "./peap.ts";
