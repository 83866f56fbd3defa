/** The signals that ask a program to stop, with the conventional exit code of each. */
export const SIGNALS: readonly { name: Deno.Signal; exitCode: number }[] = [
  { name: "SIGINT", exitCode: 130 },
  Deno.build.os === "windows" ? { name: "SIGBREAK", exitCode: 149 } : { name: "SIGTERM", exitCode: 143 },
];

/** The terminal was closed: a reason to stop for everything but a server. */
const HANGUP = { name: "SIGHUP", exitCode: 129 } as const;
const ENDING = Deno.build.os === "windows" ? SIGNALS : [...SIGNALS, HANGUP];

/** Thrown when a signal has interrupted the work. */
export class Interrupted extends Error {
  /** `Interrupted` */
  override readonly name = "Interrupted";

  /** `exitCode` is the conventional one for the signal: 128 plus its number. */
  constructor(readonly exitCode: number) {
    super("interrupted");
  }
}

/**
 * ms for which a repeated signal counts as the same one: at Ctrl-C, the terminal signals all programs of a task, and
 * `deno task` also passes on to ours what it gets itself.
 */
export const ECHO_TIME = 1000;

/** Calls `act` at every signal that asks the program to stop, until disposed. A signal's echoes are left out. */
export function atSignals(
  act: (exitCode: number, name: Deno.Signal) => void,
  signals: typeof SIGNALS = ENDING,
  echoTime: number = ECHO_TIME,
): Disposable {
  const listeners = signals.map(({ name, exitCode }) => {
    let at = -Infinity;
    const listener = () => {
      const now = performance.now();
      if (now - at < echoTime) return;
      at = now;
      act(exitCode, name);
    };
    return { name, listener };
  });
  for (const { name, listener } of listeners) Deno.addSignalListener(name, listener);
  return {
    [Symbol.dispose]: () => {
      for (const { name, listener } of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}
