/** ms between two looks */
const INTERVAL = 20;

/**
 * Resolves once `condition` holds. Throws an error with the text of `failure` when it does not within `timeout` ms, and
 * the signal's reason once that is aborted.
 */
export async function until(
  condition: () => boolean,
  timeout: number,
  failure: () => string,
  signal: AbortSignal,
): Promise<void> {
  for (const deadline = performance.now() + timeout; !condition();) {
    signal.throwIfAborted();
    if (performance.now() > deadline) throw new Error(failure());
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
}

/** The outcome of `work`, or the signal's reason thrown as soon as it is aborted; `work` is then left to end by itself. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
