/** ms between two lines: a short run says nothing but its figures. */
const INTERVAL = 10_000;

/** The clock of this world, also where a test has another one. */
const now = performance.now.bind(performance);
const encoder = new TextEncoder();

/** Says on standard error how far a long run is, every now and then, and its figures at the end. */
export class LongRun {
  readonly #began = now();
  #said = now();

  constructor(private readonly what: string, private readonly total: number) {}

  /** `done` of the total are done. */
  reached(done: number, remark = ""): void {
    if (now() - this.#said < INTERVAL) return;
    this.#said = now();
    const share = Math.floor(100 * done / this.total);
    this.#say(`${done} of ${this.total} (${share} %) after ${this.#seconds()} s ${remark}`.trimEnd());
  }

  /** All is done, and that is what came out. */
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
