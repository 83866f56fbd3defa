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

/** Calls `act` with the exit code at every signal that asks the program to stop, until disposed. */
export function atSignals(act: (exitCode: number) => void): Disposable {
  const listeners = ENDING.map(({ name, exitCode }) => ({ name, listener: () => act(exitCode) }));
  for (const { name, listener } of listeners) Deno.addSignalListener(name, listener);
  return {
    [Symbol.dispose]: () => {
      for (const { name, listener } of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}
