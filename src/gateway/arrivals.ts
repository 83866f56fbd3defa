import type { Count } from "../counting/counters.ts";
import type { ClientsServer } from "../clients/server.ts";
import { clientId } from "../mailbox/client_id.ts";
import type { Ledger } from "../mailbox/ledger.ts";
import type { Mailbox } from "../mailbox/mailbox.ts";
import type { ReplayFilter } from "../replay/replay_filter.ts";
import { type Outcome, readOutcome } from "../sphinx/slots.ts";

/** Pushed to a client that is there, never stored (spec §5). */
const LOOP_COVER = new TextEncoder().encode("The cake is a lie!");

/** Where unwrapped packets go: each is counted, and each message for a client of ours stored. */
export class Arrivals {
  constructor(
    private readonly ledger: Ledger,
    private readonly replays: ReplayFilter,
    private readonly mailbox: Mailbox,
    private readonly clients: ClientsServer,
    private readonly count: Count,
  ) {}

  /** Takes the results of so many packets (slots.ts), in the order in which they came. */
  take(results: Uint8Array, packets: number): void {
    for (let i = 0; i < packets; i++) this.#take(readOutcome(results, i));
    this.replays.flush(); // before the commit of these messages, which starts a turn later
    this.count("packets_received", packets);
  }

  #take(outcome: Outcome): void {
    if (outcome.kind === "dropped") return this.count(`packets_dropped_${outcome.reason}`);
    const { message } = outcome;
    const id = clientId(outcome.destination);
    // A client that is not ours comes first: its packets' tags may not crowd out others.
    if (!this.ledger.has(id)) this.count("packets_dropped_unknown_client");
    else if (!this.replays.admit(outcome.replayTag)) this.count("packets_dropped_replayed");
    else if (isLoopCover(message)) {
      this.count(this.clients.pushUnstored(id, message) ? "covers_pushed" : "covers_dropped");
    } else this.mailbox.store(id, message);
  }
}

function isLoopCover(message: Uint8Array): boolean {
  return message.length === LOOP_COVER.length && LOOP_COVER.every((byte, i) => message[i] === byte);
}
