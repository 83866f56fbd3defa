/** One end of a channel: what a `MessagePort`, a `BroadcastChannel` and a `Worker` have in common. */
export interface Port {
  /** as that of `MessagePort`; a `BroadcastChannel` ignores `transfer` and copies */
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  /** Called with each message; setting it opens a `MessagePort`. */
  onmessage: ((event: { data: unknown }) => void) | null;
  /** Ends this end. */
  close(): void;
}
