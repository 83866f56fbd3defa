import { logger } from "../logging/log.ts";

const log = logger("nym_gateway::health");

export const CHECK_STATUSES = ["ok", "warn", "fail"] as const;

/** `warn`: it serves, but somebody should look. `fail`: it is not ready. */
export type CheckStatus = typeof CHECK_STATUSES[number];

export interface Verdict {
  readonly status: CheckStatus;
  /** one line for the operator */
  readonly reason: string;
}

export interface CheckResult extends Verdict {
  readonly name: string;
}

/** Looks at one part. What it throws is a failure. */
export type Check = () => Verdict | Promise<Verdict>;

/** All in ms. */
interface HealthTimings {
  /** for a check; one that is later has failed */
  timeout: number;
  /** for which results are given again, so that whoever asks often does not write to the disk as often */
  lifetime: number;
  /** from one look to the next, once it watches */
  interval: number;
}

const TIMINGS: HealthTimings = { timeout: 3_000, lifetime: 5_000, interval: 30_000 };

/** The gateway's health: named checks, done when somebody asks. A change of state is logged. */
export class Health implements Disposable {
  readonly #pending = new Map<string, Promise<Verdict>>();
  #results: { at: number; all: Promise<CheckResult[]> } | undefined;
  /** of those that are not well, what was logged last */
  readonly #ailing = new Map<string, CheckStatus>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #isDisposed = false;

  constructor(private readonly checks: Readonly<Record<string, Check>>, private readonly timings = TIMINGS) {}

  /** Something has changed: whoever asks next gets new results. */
  renew(): void {
    this.#results = undefined;
  }

  /** Looks by itself from now on, so that changes are logged though nobody asks; until it is disposed. */
  watch(): void {
    this.#timer ??= setInterval(() => void this.check(), this.timings.interval);
  }

  /** The results of all checks, in their order, at most 5 s old. It never rejects. */
  check(): Promise<CheckResult[]> {
    const now = performance.now();
    if (this.#results === undefined || now - this.#results.at > this.timings.lifetime) {
      const all = Promise.all(Object.entries(this.checks).map(([name, check]) => this.#run(name, check)));
      this.#results = { at: now, all };
    }
    return this.#results.all;
  }

  async #run(name: string, check: Check): Promise<CheckResult> {
    const { promise: late, resolve } = Promise.withResolvers<Verdict>();
    const reason = `no result within ${this.timings.timeout} ms`;
    const timer = setTimeout(() => resolve({ status: "fail", reason }), this.timings.timeout);
    const verdict = await Promise.race([this.#start(name, check), late]);
    clearTimeout(timer);
    if (!this.#isDisposed) this.#report(name, verdict);
    return { name, ...verdict };
  }

  #report(name: string, { status, reason }: Verdict): void {
    if ((this.#ailing.get(name) ?? "ok") === status) return;
    if (status === "ok") {
      this.#ailing.delete(name);
      log.info(`${name} is ok again: ${reason}`);
    } else {
      this.#ailing.set(name, status);
      if (status === "warn") log.warn(`${name}: ${reason}`);
      else log.error(`${name} fails: ${reason}`);
    }
  }

  /** Looks no more by itself, and logs nothing more: what is being closed is no news. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearInterval(this.#timer);
  }

  /** A check that hangs is not started once more. */
  #start(name: string, check: Check): Promise<Verdict> {
    const running = this.#pending.get(name);
    if (running !== undefined) return running;
    const started = (async () => await check())().catch((error): Verdict => {
      return { status: "fail", reason: error instanceof Error ? error.message : String(error) };
    }).finally(() => this.#pending.delete(name));
    this.#pending.set(name, started);
    return started;
  }
}

/** The worst status of all. */
export function worst(results: readonly CheckResult[]): CheckStatus {
  const severity = results.map(({ status }) => CHECK_STATUSES.indexOf(status));
  return CHECK_STATUSES[Math.max(0, ...severity)]!;
}
