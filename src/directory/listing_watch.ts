import { FaultReminder } from "./fault_reminder.ts";
import type { Listing } from "./listing.ts";

/** Two nodes with one key replace each other at the directory: the other counts as running for this time (ms). */
const DOUBLE_LASTS = 5 * 60_000;

/** What can be wrong with a node's listing, in words for its operator. */
export interface ListingFaults<Entry, Other> {
  /** another node has this node's key, and was last listed with this entry */
  readonly double: (entry: Entry) => string;
  /** the directory accepts this node's announcements, but does not list it */
  readonly missing: string;
  /** another node announces this node's address */
  readonly clash: (other: Other) => string;
}

/** Watches what the directory says about this node, and warns as long as there is a fault. */
export class ListingWatch<Entry, Other> {
  #isMissing = false;
  #isListed: boolean | undefined;
  #clash: Other | undefined;
  /** when and how another node with our key was last listed */
  #double: { readonly at: number; readonly entry: Entry } | undefined;
  readonly #reminder: FaultReminder;

  /** `warn` is called with a fault when it appears and every ten minutes after that; `now` returns ms of any origin. */
  constructor(
    private readonly faults: ListingFaults<Entry, Other>,
    warn: (text: string) => void,
    private readonly now = () => performance.now(),
  ) {
    this.#reminder = new FaultReminder(warn, now);
  }

  /**
   * Takes what the directory says. `isLeftOver`: whether our entry may be from an earlier run; `mustBeListed`: whether the
   * directory has accepted an announcement and its answer is complete.
   */
  look({ own, isOwnAsAnnounced, clash }: Listing<Entry, Other>, isLeftOver: boolean, mustBeListed: boolean): void {
    if (own !== undefined && !isOwnAsAnnounced && !isLeftOver) this.#double = { at: this.now(), entry: own };
    this.#clash = clash;
    this.#isListed = mustBeListed ? isOwnAsAnnounced : undefined;
    this.#isMissing = mustBeListed && own === undefined;
    this.#reminder.look(this.fault);
  }

  /** Whether the directory lists this node as it announces itself; undefined while unknown. */
  get isListed(): boolean | undefined {
    return this.#isListed;
  }

  /** What is wrong now, for the operator; undefined if nothing is. */
  get fault(): string | undefined {
    if (this.#double !== undefined && this.now() - this.#double.at < DOUBLE_LASTS) {
      return this.faults.double(this.#double.entry);
    }
    if (this.#isMissing) return this.faults.missing;
    return this.#clash === undefined ? undefined : this.faults.clash(this.#clash);
  }
}
