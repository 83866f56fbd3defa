import { logger } from "../logging/log.ts";
import type { Ledger } from "./ledger.ts";

const log = logger("nym_gateway::mailbox");

/** ms between two looks at whose time is over */
const INTERVAL = 3_600_000;

/** Has clients leave the ledger whose time is over, every now and then, and keeps its clock. */
export class LedgerCaretaker implements AsyncDisposable {
  readonly #timer: ReturnType<typeof setInterval>;
  #looking: Promise<void> = Promise.resolve();

  constructor(private readonly ledger: Ledger, interval = INTERVAL) {
    this.#timer = setInterval(() => this.#looking = this.#looking.then(() => this.#look()), interval);
  }

  /** Waits for a look that goes on. The ledger must outlive this. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
    await this.ledger.keepClock().catch((error) => log.warn(`cannot write how long the gateway has run: ${error}`));
  }

  async #look(): Promise<void> {
    try {
      await this.ledger.keepClock();
      const removed = await this.ledger.removeUnused();
      if (removed > 0) log.info(`${removed} clients that never came back are no longer registered`);
    } catch (error) {
      log.warn(`cannot remove clients that never came back, trying again in a while: ${error}`);
    }
  }
}
