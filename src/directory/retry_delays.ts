/**
 * How long to wait before each further attempt, in ms: doubling from `initial` to at most `maximum`, each shortened by a
 * random part of up to a half, so that gateways that lost the same directory do not come back to it in step.
 */
export function* retryDelays(initial: number, maximum: number, random = Math.random): Generator<number, never> {
  for (let delay = initial;; delay = Math.min(2 * delay, maximum)) {
    yield Math.min(delay, maximum) * (1 - random() / 2);
  }
}
