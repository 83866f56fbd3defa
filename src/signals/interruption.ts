/** The signals that ask a program to end, each with the exit code of a program that it has ended. */
export const SIGNALS: readonly { name: Deno.Signal; exitCode: number }[] = [
  { name: "SIGINT", exitCode: 130 },
  Deno.build.os === "windows" ? { name: "SIGBREAK", exitCode: 149 } : { name: "SIGTERM", exitCode: 143 },
];

/** The terminal is gone: for what is no server, a reason to end. */
const HANGUP = { name: "SIGHUP", exitCode: 129 } as const;
const ENDING = Deno.build.os === "windows" ? SIGNALS : [...SIGNALS, HANGUP];

/** A signal has ended what was going on. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  /** @param exitCode that of a program that the signal has ended */
  constructor(readonly exitCode: number) {
    super("interrupted");
  }
}

/** Calls `act` at each signal that asks the program to end, with its exit code, until the end of its scope. */
export function atSignals(act: (exitCode: number) => void): Disposable {
  const listeners = ENDING.map(({ name, exitCode }) => ({ name, listener: () => act(exitCode) }));
  for (const { name, listener } of listeners) Deno.addSignalListener(name, listener);
  return {
    [Symbol.dispose]: () => {
      for (const { name, listener } of listeners) Deno.removeSignalListener(name, listener);
    },
  };
}
