/** Serves something that starts and stops as the arguments say, for tests of signals. */
import { serveUntilSignalled } from "../../src/cli/running/signals.ts";
import { print } from "../../src/cli/output/output.ts";

const [ending, stoppingTime, echoTime] = Deno.args;

async function start(): Promise<AsyncDisposable> {
  print("starting");
  if (ending === "starts slowly") await Deno.stdin.read(new Uint8Array(1));
  print("started");
  return { [Symbol.asyncDispose]: end };
}

async function end(): Promise<void> {
  print("ending");
  if (ending === "hangs") await new Promise(() => {});
  print("ended");
}

await serveUntilSignalled(start, () => print("reloading"), Number(stoppingTime), Number(echoTime));
