/**
 * The delays (ms) between attempts: `initial`, doubled up to `maximum`. It ends after yielding `maximum` once: a peer
 * that does not answer after all of them (610 s with 0.7.0's 10 s and 300 s) is given up.
 */
export function* backoff(initial: number, maximum: number): Generator<number, undefined> {
  for (let delay = initial; delay < maximum; delay *= 2) yield delay;
  yield maximum;
}

/**
 * The same without an end, each delay shortened by a random part of up to a half so that the clients of a server that
 * failed do not all return in step.
 */
export function* retryDelays(initial: number, maximum: number, random = Math.random): Generator<number, never> {
  const jittered = (delay: number) => delay * (1 - random() / 2);
  for (const delay of backoff(initial, maximum)) yield jittered(delay);
  for (;;) yield jittered(maximum);
}
