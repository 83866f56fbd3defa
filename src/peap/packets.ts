import { type Builder, buildPacket } from "../sphinx/build.ts";
import type { ClientAddress } from "./address.ts";
import type { Mixnet } from "./mixnet.ts";
import { drawRoute } from "./route.ts";
import type { Cargo, TracedHop, TraceEvent } from "./trace.ts";

/** A packet that is ready to be sent. */
export interface Packet {
  /** Counts the client's packets, from 1. */
  readonly number: number;
  /** where our gateway sends it: unpadded node address, 7 or 19 bytes */
  readonly firstHop: Uint8Array;
  /** 1372 bytes */
  readonly packet: Uint8Array;
  /** what to trace when it is sent */
  readonly trace: TraceEvent & { type: "packet-sent" };
}

/** Builds packets, each with a random route. */
export class PacketBuilder {
  readonly #mixnet: () => Mixnet;
  readonly #meanHopDelay: number;
  readonly #kernel: Builder | undefined;
  #count = 0;

  /** `mixnet` returns the current one; `meanHopDelay` is in ms; without a `kernel` the reference builds. */
  constructor(mixnet: () => Mixnet, meanHopDelay: number, kernel?: Builder) {
    this.#mixnet = mixnet;
    this.#meanHopDelay = meanHopDelay;
    this.#kernel = kernel;
  }

  /**
   * Builds a packet, which takes milliseconds.
   *
   * @param plaintext at most 975 bytes
   * @throws PeapError of kind `directory` if no route leads to the recipient
   */
  build({ client, gateway }: ClientAddress, plaintext: Uint8Array, carries: Cargo): Packet {
    const { hosts, firstHop, hops } = drawRoute(this.#mixnet(), gateway, this.#meanHopDelay);
    const number = ++this.#count;
    const traced = hops.map(({ delay }, index): TracedHop => ({ host: hosts[index]!, delay: Number(delay) / 1e6 }));
    return {
      number,
      firstHop,
      packet: buildPacket(hops, client, plaintext, this.#kernel),
      trace: { type: "packet-sent", packet: number, carries, hops: traced },
    };
  }

  /** Whether the directory still lists all mixnodes of its route. */
  isCurrent({ trace: { hops } }: Packet): boolean {
    return this.#mixnet().layers.every((nodes, layer) => nodes.some(({ host }) => host === hops[layer]!.host));
  }
}
