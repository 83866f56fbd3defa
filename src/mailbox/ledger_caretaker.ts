import { logger } from "../logging/log.ts";
import { plural } from "../text/plural.ts";
import type { Ledger } from "./ledger.ts";

const log = logger("nym_gateway::mailbox");

/** ms between two checks for clients whose time is over */
const INTERVAL = 3_600_000;

/** Removes clients whose time is over from the ledger, once an hour, and keeps its clock. */
export class LedgerCaretaker implements AsyncDisposable {
  readonly #timer: ReturnType<typeof setInterval>;
  #looking: Promise<void> = Promise.resolve();

  /** Checks every `interval` ms, beginning after the first interval. */
  constructor(private readonly ledger: Ledger, interval = INTERVAL) {
    this.#timer = setInterval(() => this.#looking = this.#looking.then(() => this.#look()), interval);
  }

  /** Waits for a check in progress, and writes the clock once more. The ledger must outlive this. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.ledger.keepClock().catch((error) => log.warn(`cannot write the ledger's clock: ${error}`));
  }

  async #look(): Promise<void> {
    try {
      await this.ledger.keepClock();
      const removed = await this.ledger.removeUnused();
      if (removed > 0) log.info(`removed ${plural(removed, "unused registration")}`);
    } catch (error) {
      log.warn(`cannot remove unused registrations, retrying later: ${error}`);
    }
  }
}
