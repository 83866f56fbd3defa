import { type Clock, systemClock } from "./clock.ts";

/** Resolves after `ms`, or as soon as `signal` is aborted. */
export async function pause(ms: number, signal: AbortSignal, clock: Clock = systemClock): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.after(ms, resolve);
  const wake = () => resolve();
  signal.addEventListener("abort", wake);
  await promise;
  cancel();
  signal.removeEventListener("abort", wake);
}
