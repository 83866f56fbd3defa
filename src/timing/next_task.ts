/**
 * Resolves in a task of its own, so that everything else gets its turn before. Browsers have no `setImmediate`; there a
 * message takes its place: their timers wait for at least 4 ms, and those of a hidden page for a second.
 */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { setImmediate } = globalThis as { setImmediate?: (act: () => void) => void };
    if (setImmediate) return setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
