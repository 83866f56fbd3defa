/**
 * The delays (ms) between attempts: `initial`, doubled up to `maximum`. It ends after `maximum` was given once: whoever
 * does not answer after all of them (610 s with 0.7.0's 10 s and 300 s) is given up.
 */
export function* backoff(initial: number, maximum: number): Generator<number, undefined> {
  for (let delay = initial; delay < maximum; delay *= 2) yield delay;
  yield maximum;
}

/** Resolves after `ms`, or at once when `signal` is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) return Promise.resolve();
  const timer = setTimeout(done, ms);
  signal.addEventListener("abort", done);
  function done(): void {
    clearTimeout(timer);
    signal.removeEventListener("abort", done);
    resolve();
  }
  return promise;
}
