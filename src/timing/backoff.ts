/**
 * The delays (ms) between attempts: `initial`, doubled up to `maximum`. It ends after `maximum` was given once: whoever
 * does not answer after all of them (610 s with 0.7.0's 10 s and 300 s) is given up.
 */
export function* backoff(initial: number, maximum: number): Generator<number, undefined> {
  for (let delay = initial; delay < maximum; delay *= 2) yield delay;
  yield maximum;
}

/**
 * The same for who never gives up, each delay shortened by a random part of up to a half, so that those that lost one
 * server do not all come back to it in step.
 */
export function* retryDelays(initial: number, maximum: number, random = Math.random): Generator<number, never> {
  const jittered = (delay: number) => delay * (1 - random() / 2);
  for (const delay of backoff(initial, maximum)) yield jittered(delay);
  for (;;) yield jittered(maximum);
}
