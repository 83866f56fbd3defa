/** Where time comes from. It is a parameter where tests should not have to wait. */
export interface Clock {
  /** ms; never goes back */
  now(): number;
  /** Calls back once, after `ms`. Returns what cancels that. */
  after(ms: number, callback: () => void): () => void;
}

/** The runtime's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
