/** ms between two checks */
const INTERVAL = 20;

/**
 * Resolves once `condition` holds. Throws an error with the text of `failure` after `timeout` ms, or the signal's
 * reason once that is aborted.
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

/**
 * The outcome of `work`. Throws the signal's reason as soon as it is aborted, and then leaves `work` to end by itself.
 */
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
