import { nodeGauges } from "../node/gauges.ts";
import type { GaugeName } from "./metric_table.ts";
import type { Parts } from "./parts.ts";

/** The functions that read the operator's gauges. */
export function gaugesOf(parts: Parts): Record<GaugeName, () => number> {
  const { ledger, mailbox, disk, limits, presence, forwarder, clientsListener, unwrapping } = parts;
  return {
    ...nodeGauges(parts),
    clientsOnline: () => clientsListener.server.online,
    clientsRegistered: () => ledger.size,
    inboxMessages: () => mailbox.totals.messages,
    inboxBytes: () => mailbox.totals.bytes,
    inboxBytesLimit: () => limits.mailboxBytes,
    oldestMessage: () => mailbox.oldestAge / 1000,
    diskFree: () => disk.free,
    diskFreeMinimum: () => limits.minimumFreeDisk,
    clientConnectionsLimit: () => limits.clientConnections,
    certificateExpiry: () => (clientsListener.certificateExpiry ?? NaN) / 1000,
    unwrappingQueue: () => unwrapping.queued,
    mailboxQueue: () => mailbox.waiting,
    forwarderQueue: () => forwarder.queued,
    directoryListsGateway: () => presence.isListed === undefined ? NaN : Number(presence.isListed),
    mixnodes: () => presence.mixnodes,
  };
}
