import type { Changes } from "../config/reloading.ts";
import { reasonOf } from "../errors/operator_error.ts";
import type { Verdict } from "../operator/health.ts";

/** The outcome of loading the configuration, at the start and by later reloads. */
export class Reloads {
  /** when it was last loaded successfully, ms since 1970 */
  #succeededAt = Date.now();
  #refusal: { at: number; reason: string } | undefined;
  #left: readonly string[] = [];

  /**
   * Takes over what `load` does, and records the outcome; throws what it throws: then the configuration was refused, and
   * the previous one stays in force.
   */
  attempt(load: () => Changes): Changes {
    try {
      const changes = load();
      this.#succeededAt = Date.now();
      this.#refusal = undefined;
      this.#left = changes.left;
      return changes;
    } catch (error) {
      this.#refusal = { at: Date.now(), reason: reasonOf(error) };
      throw error;
    }
  }

  /** Whether the latest reload was refused. */
  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** When the configuration in force was loaded, ms since 1970. */
  get succeededAt(): number {
    return this.#succeededAt;
  }

  /** The result of the health check `config`. */
  get verdict(): Verdict {
    if (this.#refusal !== undefined) {
      const { at, reason } = this.#refusal;
      return {
        status: "warn",
        reason: `refused at ${timeOf(at)}, the previous configuration stays in force: ${reason}`,
      };
    }
    if (this.#left.length > 0) {
      return { status: "ok", reason: `these changes need a restart: ${this.#left.join(", ")}` };
    }
    return { status: "ok", reason: `read at ${timeOf(this.#succeededAt)}` };
  }
}

/** The time in the format of the log. */
function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
