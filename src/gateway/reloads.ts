import type { Verdict } from "../operator/health.ts";

/** The outcome of reading the configuration, at the start and since. */
export class Reloads {
  /** when it was read and taken over last, ms since 1970 */
  #succeededAt = Date.now();
  #refusal: { at: number; reason: string } | undefined;
  #left: readonly string[] = [];

  /** It was taken over; `left`: keys that need a restart. */
  succeeded(left: readonly string[]): void {
    this.#succeededAt = Date.now();
    this.#refusal = undefined;
    this.#left = left;
  }

  refused(reason: string): void {
    this.#refusal = { at: Date.now(), reason };
  }

  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  get succeededAt(): number {
    return this.#succeededAt;
  }

  /** What health says of it. */
  get verdict(): Verdict {
    if (this.#refusal !== undefined) {
      const { at, reason } = this.#refusal;
      return { status: "warn", reason: `refused at ${timeOf(at)}, what was configured before stays: ${reason}` };
    }
    if (this.#left.length > 0) {
      return { status: "ok", reason: `in force only after a restart: ${this.#left.join(", ")}` };
    }
    return { status: "ok", reason: `as it was read at ${timeOf(this.#succeededAt)}` };
  }
}

/** As in the log. */
function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
