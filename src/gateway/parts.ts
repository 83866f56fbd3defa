import type { Config } from "../config/config.ts";
import type { Presence } from "../directory/presence.ts";
import type { DiskSpace } from "../mailbox/disk_space.ts";
import type { Ledger } from "../mailbox/ledger.ts";
import type { Mailbox } from "../mailbox/mailbox.ts";
import type { Forwarder } from "../mixnet/forwarder.ts";
import type { MixnetListener } from "../mixnet/listener.ts";
import type { Unwrapping } from "../unwrapping/unwrapping.ts";
import type { ClientsListener } from "./clients_listener.ts";

/** The parts of a running gateway that report how it is. */
export interface Parts {
  readonly ledger: Ledger;
  readonly mailbox: Mailbox;
  readonly disk: DiskSpace;
  readonly limits: Config["limits"];
  readonly presence: Presence;
  readonly forwarder: Forwarder;
  readonly unwrapping: Unwrapping;
  readonly mixnetListener: MixnetListener;
  readonly clientsListener: ClientsListener;
}
