/** The part of an `AbortSignal` that this library uses. Declared here so that its types need no DOM library. */
export interface AbortSignalLike {
  /** whether it is aborted */
  readonly aborted: boolean;
  /** what calls that are aborted reject with */
  readonly reason: unknown;
  /** as that of `EventTarget` */
  addEventListener(type: "abort", listener: () => void): void;
  /** as that of `EventTarget` */
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * Calls `act` when the signal is aborted, at once if it is already. Returns what cancels that.
 */
export function onAbort(signal: AbortSignalLike | undefined, act: () => void): () => void {
  if (signal?.aborted) act();
  signal?.addEventListener("abort", act);
  return () => signal?.removeEventListener("abort", act);
}
