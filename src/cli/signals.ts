import { logger } from "../log.ts";

/** ms that a gateway has to come to its end */
export const STOPPING_TIME = 10_000;

/** The signals that ask a program to end, each with the exit code of a program that it has ended. */
const SIGNALS: readonly { name: Deno.Signal; exitCode: number }[] = [
  { name: "SIGINT", exitCode: 130 },
  Deno.build.os === "windows" ? { name: "SIGBREAK", exitCode: 149 } : { name: "SIGTERM", exitCode: 143 },
];

const log = logger("nym_gateway::node");

/**
 * Starts what `start` starts, and disposes of it at the first signal. One that has not come to its end `stoppingTime` ms
 * later is given up with exit code 1; a second signal ends the program at once. Rejects when `start` or the disposal does.
 */
export async function serveUntilSignalled(
  start: () => Promise<AsyncDisposable>,
  stoppingTime = STOPPING_TIME,
): Promise<void> {
  const signalled = Promise.withResolvers<void>();
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  const handlers = SIGNALS.map(({ name, exitCode }) => ({
    name,
    handler: () => {
      if (watchdog !== undefined) Deno.exit(exitCode);
      log.info(`Received ${name}: stopping`);
      watchdog = setTimeout(() => {
        log.error(`Not stopped ${stoppingTime} ms after the signal: giving up`);
        Deno.exit(1);
      }, stoppingTime);
      signalled.resolve();
    },
  }));
  for (const { name, handler } of handlers) Deno.addSignalListener(name, handler);
  try {
    await using _gateway = await start();
    await signalled.promise;
  } finally {
    clearTimeout(watchdog);
    for (const { name, handler } of handlers) Deno.removeSignalListener(name, handler);
  }
  log.info("Stopped");
}
