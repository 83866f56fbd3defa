import { DescriptorCount } from "../limits/descriptor_use.ts";
import type { GaugeName } from "../operator/metric_table.ts";
import { heapBytes } from "../operator/process.ts";
import type { Parts } from "./parts.ts";

/** The functions that read the operator's gauges. */
export function gaugesOf(
  { ledger, mailbox, disk, limits, presence, forwarder, clientsListener, unwrapping, reloads }: Parts,
): Record<GaugeName, () => number> {
  const descriptors = new DescriptorCount();
  return {
    clientsOnline: () => clientsListener.server.online,
    clientsRegistered: () => ledger.size,
    inboxMessages: () => mailbox.totals.messages,
    inboxBytes: () => mailbox.totals.bytes,
    inboxBytesLimit: () => limits.mailboxBytes,
    oldestMessage: () => mailbox.oldestAge / 1000,
    diskFree: () => disk.free,
    diskFreeMinimum: () => limits.minimumFreeDisk,
    clientConnectionsLimit: () => limits.clientConnections,
    mixnetConnectionsLimit: () => limits.mixnetConnections,
    certificateExpiry: () => (clientsListener.certificateExpiry ?? NaN) / 1000,
    unwrappingQueue: () => unwrapping.queued,
    mailboxQueue: () => mailbox.waiting,
    forwarderQueue: () => forwarder.queued,
    workers: () => unwrapping.alive,
    directoryReachable: () => presence.isReachable ? 1 : 0,
    directoryListsGateway: () => presence.isListed === undefined ? NaN : Number(presence.isListed),
    mixnodes: () => presence.mixnodes,
    descriptorsHeld: () => descriptors.use.held,
    descriptorsLimit: () => descriptors.use.limit,
    heapUsed: heapBytes,
    configAccepted: () => reloads.isRefused ? 0 : 1,
    configAcceptedAt: () => reloads.succeededAt / 1000,
  };
}
