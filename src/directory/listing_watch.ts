import { type Addresses, announcesSame, type Clash, type Listing } from "./listing.ts";

/** ms after which it is said again that something is still wrong */
const REMINDER_INTERVAL = 10 * 60_000;
/** Two gateways with one key take turns at the directory: for so long (ms) after it was seen, the other is there. */
const DOUBLE_LASTS = 5 * 60_000;

/** Watches what the directory says of this gateway, and warns for as long as something is wrong with it. */
export class ListingWatch {
  #isMissing = false;
  #isListed: boolean | undefined;
  #clash: Clash | undefined;
  /** when and where another gateway with our key was seen last */
  #double: { readonly at: number; readonly where: Addresses } | undefined;
  /** what was said last, and when */
  #said: { readonly at: number; readonly text: string } | undefined;

  /** `now`: ms of any origin */
  constructor(private readonly warn: (text: string) => void, private readonly now = () => performance.now()) {}

  /**
   * Takes what the directory said. `before`: where an entry of ours from an earlier run may be; `mustBeListed`: whether
   * the directory has heard of us and says all that it knows.
   */
  look({ own, isOwnAsAnnounced, clash }: Listing, before: Addresses | undefined, mustBeListed: boolean): void {
    const isOlder = own !== undefined && before !== undefined && announcesSame(own, before);
    if (own !== undefined && !isOwnAsAnnounced && !isOlder) this.#double = { at: this.now(), where: own };
    this.#clash = clash;
    this.#isListed = mustBeListed ? isOwnAsAnnounced : undefined;
    this.#isMissing = mustBeListed && own === undefined;
    const { fault } = this;
    if (fault === undefined || this.#said?.text === fault && this.now() - this.#said.at < REMINDER_INTERVAL) return;
    this.#said = { at: this.now(), text: fault };
    this.warn(fault);
  }

  /** Whether the directory lists this gateway as it announces itself; undefined until it has heard of it. */
  get isListed(): boolean | undefined {
    return this.#isListed;
  }

  /** What is wrong, if anything. */
  get fault(): string | undefined {
    if (this.#double !== undefined && this.now() - this.#double.at < DOUBLE_LASTS) {
      const { mixnetListener, clientListener } = this.#double.where;
      return `another gateway has this gateway's key: the directory lists it with ${mixnetListener} and ` +
        `${clientListener}. Mail may go there; stop one of them, or give one another key`;
    }
    if (this.#isMissing) return "the directory does not list this gateway, though it takes its announcements";
    if (this.#clash === undefined) return undefined;
    const { kind, address, pubKey } = this.#clash;
    const what = kind === "mixnet" ? "mixnet address" : "clients' address";
    return `the gateway with public key ${pubKey} announces our ${what} ${address} too: it is set wrong there or ` +
      "here, or somebody posted it to the directory to do harm";
  }
}
