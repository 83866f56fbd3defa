import type { Count } from "../counting/counters.ts";
import type { ClientsServer } from "../clients/server.ts";
import { type ClientId, clientId } from "../mailbox/client_id.ts";
import type { Ledger } from "../mailbox/ledger.ts";
import type { MessageStore } from "../mailbox/message_store.ts";
import type { Sealer } from "../mailbox/sealing.ts";
import type { ReplayFilter } from "../replay/replay_filter.ts";
import { type Outcome, readOutcome } from "../sphinx/slots.ts";

/** Pushed to its client if that is connected, here or at a sibling, and never stored (spec §5). */
const LOOP_COVER = new TextEncoder().encode("The cake is a lie!");

/** Bytes of the buffers that messages are copied to. One of them stays in memory as long as any of its messages. */
const KEPT_SIZE = 16_384;

/** Handles unwrapped packets: counts each, and stores each message for a registered client. */
export class Arrivals {
  /** where messages are copied to */
  #kept = new Uint8Array(0);
  #keptSize = 0;

  /** All parts are used, none is owned. */
  constructor(
    private readonly ledger: Ledger,
    private readonly sealer: Sealer,
    private readonly replays: ReplayFilter,
    private readonly mailbox: MessageStore,
    private readonly clients: ClientsServer,
    private readonly count: Count,
  ) {
    if (mailbox.passCover !== undefined) {
      mailbox.pushCover = (id) => this.count(this.#pushCover(id) ? "covers_pushed" : "covers_dropped");
    }
  }

  /** Takes the results of a batch of `packets` packets (slots.ts), in order of arrival. Copies the messages to store. */
  take(results: Uint8Array, packets: number): void {
    for (let i = 0; i < packets; i++) this.#take(readOutcome(results, i));
    this.replays.flush(); // before the commit of these messages, which starts a turn later
    this.count("packets_received", packets);
  }

  #take(outcome: Outcome): void {
    if (outcome.kind !== "message") {
      return this.count(`packets_dropped_${outcome.kind === "dropped" ? outcome.reason : "wrong_hop"}`);
    }
    const { message } = outcome;
    const id = clientId(outcome.destination);
    // Checked first, so that packets for unknown clients cannot fill the replay filter.
    if (!this.ledger.has(id)) this.count("packets_dropped_unknown_client");
    else if (!this.replays.admit(outcome.replayTag, this.#destination(id))) this.count("packets_dropped_replayed");
    else if (isLoopCover(message)) {
      if (this.mailbox.admit === undefined) this.#takeCover(id);
      else this.mailbox.admit(outcome.replayTag, (isNew) => isNew && this.#takeCover(id));
    } else this.mailbox.store(id, this.#copy(message), outcome.replayTag);
  }

  #takeCover(id: ClientId): void {
    if (this.#pushCover(id)) this.count("covers_pushed");
    else this.count(this.mailbox.passCover?.(id) === true ? "covers_passed" : "covers_dropped");
  }

  #pushCover(id: ClientId): boolean {
    return this.clients.pushUnstored(id, LOOP_COVER);
  }

  /** Copies a message to where it may stay. A buffer of its own for each would take ten times as long. */
  #copy(message: Uint8Array): Uint8Array {
    if (this.#kept.length - this.#keptSize < message.length) {
      this.#kept = new Uint8Array(KEPT_SIZE);
      this.#keptSize = 0;
    }
    const copy = this.#kept.subarray(this.#keptSize, this.#keptSize += message.length);
    copy.set(message);
    return copy;
  }

  /** 16 bits that depend on the client, unpredictable without the storage key. */
  #destination(id: ClientId): number {
    return Number.parseInt(this.sealer.pseudonym(id).slice(0, 4), 16);
  }
}

function isLoopCover(message: Uint8Array): boolean {
  return message.length === LOOP_COVER.length && LOOP_COVER.every((byte, i) => message[i] === byte);
}
