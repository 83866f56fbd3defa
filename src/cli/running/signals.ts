import { logger, settleLog } from "../../logging/log.ts";
import { atSignals, ECHO_TIME, SIGNALS } from "../../signals/interruption.ts";

/** The time that a node has to stop, in ms; with its last log lines, it is gone within ten seconds. */
const STOPPING_TIME = 9_500;
/** in ms, for the last log lines to be written */
const LAST_WORDS = 400;

/** The signal that makes a program read its configuration again; it ends programs that don't listen for it. */
const HANGUP: Deno.Signal | undefined = Deno.build.os === "windows" ? undefined : "SIGHUP";
const TOO_EARLY = "Received SIGHUP while starting: the configuration has just been read";

const log = logger("nym_gateway::node");

/**
 * Calls `start`, and disposes of its result at the first signal. If that takes longer than `stoppingTime` ms, the
 * program ends with exit code 1; a second signal ends it at once, unless it is the same one within `echoTime` ms. At
 * SIGHUP, `reload` is called with the result of `start`. Rejects if `start` or the disposal does.
 */
export async function serveUntilSignalled<Served extends AsyncDisposable>(
  start: () => Promise<Served>,
  reload: (served: Served) => void,
  stoppingTime: number = STOPPING_TIME,
  echoTime: number = ECHO_TIME,
): Promise<void> {
  const signalled = Promise.withResolvers<void>();
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  using _ending = atSignals(
    (exitCode, name) => {
      if (watchdog !== undefined) Deno.exit(exitCode);
      log.info(`Received ${name}: stopping`);
      watchdog = setTimeout(() => {
        log.error(`Not stopped ${stoppingTime} ms after the signal: giving up`);
        void settleLog(LAST_WORDS).finally(() => Deno.exit(1));
      }, stoppingTime);
      signalled.resolve();
    },
    SIGNALS,
    echoTime,
  );
  let served: Served | undefined;
  const hangUp = () => served === undefined ? log.info(TOO_EARLY) : reload(served);
  if (HANGUP !== undefined) Deno.addSignalListener(HANGUP, hangUp);
  try {
    await using started = await start();
    served = started;
    await signalled.promise;
  } finally {
    clearTimeout(watchdog);
    if (HANGUP !== undefined) Deno.removeSignalListener(HANGUP, hangUp);
  }
  log.info("Stopped");
}
