import type { Config } from "../config/config.ts";
import type { Presence } from "../directory/presence.ts";
import type { DiskSpace } from "../mailbox/disk_space.ts";
import type { Ledger } from "../mailbox/ledger.ts";
import type { MessageStore } from "../mailbox/message_store.ts";
import type { Forwarder } from "../mixnet/forwarder.ts";
import type { NodeParts } from "../node/parts.ts";
import type { ClientsListener } from "./clients_listener.ts";

/** The parts of a running gateway that gauges and health checks read. */
export interface Parts extends NodeParts {
  /** registered clients */
  readonly ledger: Ledger;
  /** stored messages */
  readonly mailbox: MessageStore;
  /** what stored messages are written to, in words */
  readonly store: "disk" | "database";
  /** free space for the mailbox, or for what a gateway keeps beside a database */
  readonly disk: DiskSpace;
  /** the limits in force; changed in place by a reload */
  readonly limits: Config["limits"];
  /** the link to the directory */
  readonly presence: Presence;
  /** outgoing packets */
  readonly forwarder: Forwarder;
  /** connections from clients */
  readonly clientsListener: ClientsListener;
}
