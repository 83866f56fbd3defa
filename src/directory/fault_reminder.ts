/** ms between warnings about the same fault */
const REMINDER_INTERVAL = 10 * 60_000;

/** Warns of a fault when it appears, and every ten minutes as long as it stays. */
export class FaultReminder {
  /** the latest warning, and when it was given */
  #said: { readonly at: number; readonly text: string } | undefined;

  /** `warn` is called with the fault; `now` returns ms of any origin. */
  constructor(private readonly warn: (text: string) => void, private readonly now: () => number) {}

  /** Takes the fault that there is now; undefined if there is none. */
  look(fault: string | undefined): void {
    if (fault === undefined || this.#said?.text === fault && this.now() - this.#said.at < REMINDER_INTERVAL) return;
    this.#said = { at: this.now(), text: fault };
    this.warn(fault);
  }
}
