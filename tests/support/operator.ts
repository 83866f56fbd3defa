/** ms between two polls */
const LOOK_INTERVAL = 20;
const ATTEMPTS = 250;

/** The operator's endpoint of a node. */
export class Operator {
  /** `address`: where the endpoint listens, `ip:port`; `kind`: of which node */
  constructor(readonly address: string, private readonly kind: "gateway" | "mixnode" | "directory" = "gateway") {}

  /** The value of a metric's series, as in `packets_dropped_total{reason="mac"}`: the name has no prefix. */
  async metric(series: string): Promise<number> {
    const line = (await this.#get("/metrics")).text.split("\n").find((line) =>
      line.startsWith(`nym_${this.kind}_${series} `)
    );
    if (line === undefined) throw new Error(`there is no metric ${series}`);
    return Number(line.split(" ").at(-1));
  }

  /** Whether it reports that it is ready, and the state of each part. The gateway checks these at most every 5 s. */
  async readiness(): Promise<{ ready: boolean; text: string }> {
    const { status, text } = await this.#get("/readyz");
    return { ready: status === 200, text };
  }

  /** Resolves with the first value of a metric that is at least `value`. */
  async reaches(series: string, value: number, within = 60_000): Promise<number> {
    const end = performance.now() + within;
    for (;;) {
      const now = await this.metric(series);
      if (now >= value) return now;
      if (performance.now() > end) throw new Error(`${series} is ${now} after ${within} ms, not ${value}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
    }
  }

  /** Resolves with the reported states as soon as they match. */
  async says(pattern: RegExp, within = 60_000): Promise<string> {
    const end = performance.now() + within;
    for (;;) {
      const { text } = await this.readiness();
      if (pattern.test(text)) return text;
      if (performance.now() > end) throw new Error(`no ${pattern} within ${within} ms, but:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Retries, because it starts to listen slightly later than the gateway itself. */
  async #get(path: string): Promise<{ status: number; text: string }> {
    for (let attempt = 1;; attempt++) {
      try {
        const response = await fetch(`http://${this.address}${path}`);
        return { status: response.status, text: await response.text() };
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
      }
    }
  }
}
