import { LAYERS, type NetworkPorts } from "../sandbox/ports.ts";

/** A node as pages know it. */
export interface Place {
  /** `m1`, … for mixnodes, `g1`, … for gateways; windows are `w1`, … */
  readonly id: string;
  /** 1 to 3; 0 for gateways */
  readonly layer: number;
  /** where packets reach it: `ip:port`, as in the directory */
  readonly host: string;
}

/** What a page has to know of the network that it runs in. */
export interface ChatSettings {
  /** differs from run to run, because the network does */
  readonly run: string;
  /** of this window, from 1 */
  readonly window: number;
  /** mean delay of a packet at each mixnode, in ms */
  readonly meanHopDelay: number;
  /** all nodes */
  readonly places: readonly Place[];
}

/** The names of a network's nodes. */
export function placesOf({ mixnodes, gateways }: NetworkPorts): Place[] {
  return [
    ...mixnodes.map((port, i) => ({ id: `m${i + 1}`, layer: i % LAYERS + 1, host: hostOf(port) })),
    ...gateways.map(({ mixnet }, i) => ({ id: `g${i + 1}`, layer: 0, host: hostOf(mixnet) })),
  ];
}

function hostOf(port: number): string {
  return `127.0.0.1:${port}`;
}
