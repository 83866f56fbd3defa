import { logger } from "../logging/log.ts";

const log = logger("nym_gateway::health");

/** Every status, from best to worst. */
export const CHECK_STATUSES = ["ok", "warn", "fail"] as const;

/** `warn`: the node works, but needs attention. `fail`: it is not ready. */
export type CheckStatus = typeof CHECK_STATUSES[number];

/** What a check found. */
export interface Verdict {
  /** the state of the part that was checked */
  readonly status: CheckStatus;
  /** one line for the operator */
  readonly reason: string;
}

/** All is well. */
export const ok = (reason: string): Verdict => ({ status: "ok", reason });
/** It works, but needs attention. */
export const warn = (reason: string): Verdict => ({ status: "warn", reason });
/** It does not work. */
export const fail = (reason: string): Verdict => ({ status: "fail", reason });

/** A verdict with the name of its check. */
export interface CheckResult extends Verdict {
  /** as in `mailbox`; a label of the metrics */
  readonly name: string;
}

/** Checks one part of a node. An exception counts as `fail`, with its message as the reason. */
export type Check = () => Verdict | Promise<Verdict>;

/** All in ms. */
interface HealthTimings {
  /** a check that takes longer has failed */
  timeout: number;
  /** how long results are reused, so that frequent requests do not cause frequent writes to the disk */
  lifetime: number;
  /** between checks, while watching */
  interval: number;
}

const TIMINGS: HealthTimings = { timeout: 3_000, lifetime: 5_000, interval: 30_000 };

/** A node's health: named checks, run on request. Changes of status are logged. */
export class Health implements Disposable {
  readonly #pending = new Map<string, Promise<Verdict>>();
  #results: { at: number; all: Promise<CheckResult[]> } | undefined;
  /** the status that was last logged for each check that is not ok */
  readonly #ailing = new Map<string, CheckStatus>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #isDisposed = false;

  /** `checks` run in parallel; results are in their order. `timings` in ms. */
  constructor(private readonly checks: Readonly<Record<string, Check>>, private readonly timings = TIMINGS) {}

  /** Discards the results: the next request runs the checks again. */
  renew(): void {
    this.#results = undefined;
  }

  /** Runs the checks regularly until disposed, so that changes are logged even if nobody asks. */
  watch(): void {
    this.#timer ??= setInterval(() => void this.check(), this.timings.interval);
  }

  /** The results of all checks in their order, at most 5 s old. Never rejects. */
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

  /** Stops watching and logging: parts that fail because they are being closed are not worth a message. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearInterval(this.#timer);
  }

  /** A check that hangs is not started a second time. */
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

/** The worst status among the results; `ok` if there are no results. */
export function worst(results: readonly CheckResult[]): CheckStatus {
  const severity = results.map(({ status }) => CHECK_STATUSES.indexOf(status));
  return CHECK_STATUSES[Math.max(0, ...severity)]!;
}
