import { FaultReminder } from "./fault_reminder.ts";
import { type Addresses, announcesSame, type Clash, type Listing } from "./listing.ts";

/** Two nodes with one key replace each other at the directory: the other counts as running for this time (ms). */
export const DOUBLE_LASTS = 5 * 60_000;

/** Watches what the directory says about this gateway, and warns as long as there is a fault. */
export class ListingWatch {
  #isMissing = false;
  #isListed: boolean | undefined;
  #clash: Clash | undefined;
  /** when and where another gateway with our key was last seen */
  #double: { readonly at: number; readonly where: Addresses } | undefined;
  readonly #reminder: FaultReminder;

  /** `warn` is called with a fault when it appears and every ten minutes after that; `now` returns ms of any origin. */
  constructor(warn: (text: string) => void, private readonly now = () => performance.now()) {
    this.#reminder = new FaultReminder(warn, now);
  }

  /**
   * Takes what the directory says. `before`: the addresses in an entry that an earlier run may have left; `mustBeListed`:
   * whether the directory has accepted an announcement and its answer is complete.
   */
  look({ own, isOwnAsAnnounced, clash }: Listing, before: Addresses | undefined, mustBeListed: boolean): void {
    const isOlder = own !== undefined && before !== undefined && announcesSame(own, before);
    if (own !== undefined && !isOwnAsAnnounced && !isOlder) this.#double = { at: this.now(), where: own };
    this.#clash = clash;
    this.#isListed = mustBeListed ? isOwnAsAnnounced : undefined;
    this.#isMissing = mustBeListed && own === undefined;
    this.#reminder.look(this.fault);
  }

  /** Whether the directory lists this gateway as it announces itself; undefined while unknown. */
  get isListed(): boolean | undefined {
    return this.#isListed;
  }

  /** What is wrong now, for the operator; undefined if nothing is. */
  get fault(): string | undefined {
    if (this.#double !== undefined && this.now() - this.#double.at < DOUBLE_LASTS) {
      const { mixnetListener, clientListener } = this.#double.where;
      return `another gateway has this gateway's key: the directory lists it with ${mixnetListener} and ` +
        `${clientListener}. Mail may go there; stop one of them, or give one of them a new key`;
    }
    if (this.#isMissing) return "the directory does not list this gateway, although it accepts its announcements";
    if (this.#clash === undefined) return undefined;
    const { kind, address, pubKey } = this.#clash;
    const what = kind === "mixnet" ? "mixnet address" : "clients' address";
    return `the gateway with public key ${pubKey} announces our ${what} ${address} too: one of the ` +
      "two gateways is misconfigured, or somebody posted a false entry to the directory";
  }
}
