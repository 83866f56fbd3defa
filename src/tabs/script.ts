/**
 * The script of the worker that `@nym-gateway/peap/worker` starts for the tabs of a site:
 *
 * ```ts
 * import { IndexedDbStore, Peap } from "@nym-gateway/peap";
 * import { serveTabs } from "@nym-gateway/peap/worker-script";
 *
 * serveTabs(async () => Peap.connect({ directory, store: await IndexedDbStore.open("peap") }));
 * ```
 *
 * @module
 */
import { Hub, type TabsClient } from "./hub.ts";
import { type LobbyCall, tabChannel } from "./lobby.ts";
import type { Port } from "./port.ts";

export type { TabsClient } from "./hub.ts";

/** What a worker's script can see, of either kind. */
interface WorkerScope {
  /** the one that the worker was started with */
  name: string;
  /** in a `SharedWorker` */
  onconnect?: ((event: { ports: readonly Port[] }) => void) | null;
  BroadcastChannel: new (name: string) => Port;
}

/**
 * Serves a client to the tabs that start this worker. To be called when the script runs, before anything is awaited.
 *
 * `connect` is called when a tab is there, and again after the client has ended. All the client's options are chosen
 * here, its store among them: a client without a store has another address each time.
 */
export function serveTabs(connect: () => Promise<TabsClient>): void {
  const hub = new Hub(connect);
  const scope = globalThis as unknown as WorkerScope;
  if ("onconnect" in scope) scope.onconnect = ({ ports: [port] }) => void hub.accept(port!);
  else serveLobby(hub, scope);
}

/** In a `Worker`, which belongs to the tab that leads. */
function serveLobby(hub: Hub, { name, BroadcastChannel }: WorkerScope): void {
  const lobby = new BroadcastChannel(name);
  const leader = crypto.randomUUID();
  const announce = () => lobby.postMessage({ type: "leader", leader } satisfies LobbyCall);
  lobby.onmessage = ({ data }) => {
    const call = data as LobbyCall;
    if (call.type === "hello") announce();
    if (call.type === "join" && call.leader === leader) {
      void hub.accept(new BroadcastChannel(tabChannel(name, call.tab)));
    }
  };
  announce();
}
