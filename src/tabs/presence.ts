/** The part of `navigator.locks` that is used here. Pages have it only where they are secure: https, or this machine. */
export interface Locks {
  /** Calls `hold` when the lock is free, and holds it until that resolves. Rejects when `signal` is aborted before. */
  request(name: string, options: { signal?: AbortSignal }, hold: () => Promise<void>): Promise<void>;
}

/** The locks of this page or worker; undefined where there are none. */
export function locksHere(): Locks | undefined {
  return (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks;
}

/** Holds a lock of this tab's own until `released`, or until the tab is gone. Resolves with its name. */
export function holdLock(locks: Locks, released: Promise<void>): Promise<string> {
  const name = `peap tab ${crypto.randomUUID()}`;
  return new Promise((resolve) => {
    void locks.request(name, {}, () => {
      resolve(name);
      return released;
    });
  });
}

/** Resolves when the tab that holds the lock of this name is gone. */
export async function whenReleased(lock: string): Promise<void> {
  await locksHere()!.request(lock, {}, () => Promise.resolve());
}
