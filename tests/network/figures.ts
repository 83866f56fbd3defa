import type { PlannedHost } from "./planned_host.ts";

/** What a node has counted since it was started, and what it holds. */
export interface Figures {
  received: number;
  dropped: number;
  forwarded: number;
  /** not forwarded, for lack of room or because the next node was unreachable */
  unforwarded: number;
  /** waiting for a delay or to be unwrapped or forwarded */
  held: number;
}

/** Reads the figures of a node on its host, by the address of its status page. */
export async function figuresOf(host: PlannedHost, page: number): Promise<Figures> {
  const text = await host.carryOut(`curl --silent --fail http://127.0.0.1:${page}/metrics`);
  const sum = (name: string) =>
    [...text.matchAll(new RegExp(`^nym_\\w+?_${name} (\\d+)$`, "gm"))].reduce((sum, [, n]) => sum + Number(n), 0);
  return {
    received: sum("packets_received_total"),
    dropped: sum('packets_dropped_total\\{reason="\\w+"\\}'),
    forwarded: sum('forwarder_packets_total\\{outcome="forwarded"\\}'),
    unforwarded: sum('forwarder_packets_total\\{outcome="(?:no_room|unreachable)"\\}'),
    held: sum("held_packets") + sum('queue_depth\\{queue="\\w+"\\}'),
  };
}

/** What has been counted since `earlier`. */
export function since(earlier: Figures, now: Figures): Figures {
  return {
    received: now.received - earlier.received,
    dropped: now.dropped - earlier.dropped,
    forwarded: now.forwarded - earlier.forwarded,
    unforwarded: now.unforwarded - earlier.unforwarded,
    held: now.held,
  };
}
