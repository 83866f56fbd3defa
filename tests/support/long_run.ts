/** ms between two lines; a short run prints only its figures. */
const INTERVAL = 10_000;

/** The real clock, even if a test replaces it. */
const now = performance.now.bind(performance);
const encoder = new TextEncoder();

/** Prints the progress of a long run to standard error, and its figures at the end. */
export class LongRun {
  readonly #began = now();
  #said = now();

  constructor(private readonly what: string, private readonly total: number) {}

  /** Reports that `done` of the total are done. */
  reached(done: number, remark = ""): void {
    if (now() - this.#said < INTERVAL) return;
    this.#said = now();
    const share = Math.floor(100 * done / this.total);
    this.#say(`${done} of ${this.total} (${share} %) after ${this.#seconds()} s ${remark}`.trimEnd());
  }

  /** Reports the end and the figures. */
  end(figures: string): void {
    this.#say(`${figures}, in ${this.#seconds()} s`);
  }

  #seconds(): string {
    return ((now() - this.#began) / 1000).toFixed(1);
  }

  #say(text: string): void {
    Deno.stderr.writeSync(encoder.encode(`${this.what}: ${text}\n`));
  }
}
