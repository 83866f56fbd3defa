/**
 * Peap, the client library: sends and receives messages through the mixnet, in browsers, Node and Deno.
 *
 * ```ts
 * await using client = await Peap.connect({ directory: "http://127.0.0.1:8080" });
 * await client.send(recipient, "hello");
 * for await (const message of client) console.log(message.text());
 * ```
 *
 * @module
 */
export type { AbortSignalLike } from "./abort.ts";
export { type ClientAddress, formatAddress, parseAddress } from "./address.ts";
export type { Credentials } from "./credentials.ts";
export { fetchTopology } from "./directory.ts";
export { PeapError, type PeapErrorKind, type PeapErrorOptions } from "./errors.ts";
export { LONGEST_MESSAGE } from "./fragmentation.ts";
export { generateIdentity, type Identity, identityOf } from "./identity.ts";
export type { MessageData } from "./message_bytes.ts";
export type { PeapOptions, Traffic } from "./options.ts";
export type { Progress } from "./outbox.ts";
export { Peap } from "./peap.ts";
export { ReceivedMessage } from "./received_message.ts";
export type { SendOptions } from "./send_options.ts";
export type { Status } from "./status.ts";
export { MemoryStore, type Store } from "./store.ts";
export { IndexedDbStore } from "./indexed_db_store.ts";
export type { NetworkEvents, Surroundings } from "./surroundings.ts";
export type { Cargo, Trace, TracedHop, TraceEvent } from "./trace.ts";
export { TopologyTrust } from "../protocol/signed_topology.ts";
export type { GatewayNode, Mixnode, Topology } from "../protocol/topology.ts";
export type { Builder, PacketPlan } from "../sphinx/build.ts";
export type { Hop } from "../sphinx/header.ts";
export type { Clock } from "../timing/clock.ts";
