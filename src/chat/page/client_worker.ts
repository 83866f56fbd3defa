/// <reference lib="dom" />
/** The worker with a window's client, whose timers keep their time while the window is hidden. */
import { loadKernel } from "../../peap/kernel.ts";
import { IndexedDbStore, Peap, type TraceEvent } from "../../peap/mod.ts";
import { serveTabs } from "../../tabs/script.ts";
import { clientOptionsOf, type Report } from "./client_script.ts";

const { database, traceChannel, ...options } = clientOptionsOf(location.search);
const traces = new BroadcastChannel(traceChannel);

function trace(event: TraceEvent): void {
  traces.postMessage({ event, at: performance.timeOrigin + performance.now() } satisfies Report);
}

serveTabs(async () => {
  const [store, kernel] = await Promise.all([IndexedDbStore.open(database), loadKernel()]);
  return await Peap.connect({ ...options, store, kernel, trace });
});
