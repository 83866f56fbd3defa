/**
 * One client for all tabs of a site. It runs in a worker, whose timers keep their time while the tabs are hidden:
 *
 * ```ts
 * const client = await SharedPeap.connect({ script: new URL("peap_worker.js", location.href) });
 * await client.send(recipient, "hello");
 * for await (const message of client) console.log(message.text());
 * ```
 *
 * The script of the worker calls `serveTabs` of `@nym-gateway/peap/worker-script`.
 *
 * @module
 */
export { SharedPeap, type SharedPeapOptions } from "./shared_peap.ts";
export type { Host, HostEvents, WorkerKind } from "./hosts.ts";
export type { Port } from "./port.ts";
