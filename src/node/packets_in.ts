import type { SocketAddress } from "../addresses/socket_address.ts";
import type { MixnetCounterName } from "../counting/counter_table.ts";
import type { Count } from "../counting/counters.ts";
import { type MixnetLimits, MixnetListener } from "../mixnet/listener.ts";
import { type Origin, Origins } from "../mixnet/origins.ts";
import { type HopKind, isGood } from "../sphinx/slots.ts";
import { Unwrapping } from "../unwrapping/unwrapping.ts";
import { listen } from "./listening.ts";

/** What a node needs in order to receive packets. */
export interface PacketsInContext {
  /** 32 bytes, canonical */
  readonly privateKey: Uint8Array;
  /** the hops that it handles */
  readonly hops: HopKind;
  /** Takes the results of `packets` packets (slots.ts), in order of arrival; unwrapping them took `seconds`. */
  readonly take: (results: Uint8Array, packets: number, seconds: number) => void;
  /** undefined if there is room for the results, otherwise a promise that resolves when there may be */
  readonly room: () => Promise<void> | undefined;
  /** whether a mixnode of the topology has this IP address */
  readonly isMixnodeHost: (ip: string) => boolean;
  /** on connections; they may change while it runs */
  readonly limits: MixnetLimits;
  /** counts events by name */
  readonly count: Count<MixnetCounterName>;
}

/** Receives and unwraps a node's packets. Each connection is told whether its packets were valid. */
export class PacketsIn implements AsyncDisposable {
  private constructor(
    private readonly parts: AsyncDisposableStack,
    readonly listener: MixnetListener,
    readonly unwrapping: Unwrapping,
  ) {}

  /**
   * Listens at `address` (`ip:port`), which is set by `key`.
   * @throws {OperatorError} if it cannot
   */
  static async open(address: string, key: string, context: PacketsInContext): Promise<PacketsIn> {
    const { privateKey, hops, take, room, isMixnodeHost, limits, count } = context;
    await using starting = new AsyncDisposableStack();
    const origins = new Origins();
    const onResults = (results: Uint8Array, packets: number, seconds: number) => {
      origins.settle(packets, (i) => isGood(results, i), performance.now());
      take(results, packets, seconds);
    };
    const onLost = (packets: number) => {
      origins.settle(packets, () => false, performance.now());
      count("packets_dropped_worker_died", packets);
    };
    const workers = Math.max(1, navigator.hardwareConcurrency);
    const unwrapping = starting.use(await Unwrapping.start(privateKey, hops, workers, onResults, onLost));
    const sink = {
      add: (packet: Uint8Array, origin: Origin) => {
        origins.add(origin);
        unwrapping.add(packet);
      },
      flush: () => unwrapping.flush(),
      room: () => unwrapping.room() ?? room(),
    };
    const open = (address: SocketAddress) => MixnetListener.listen(address, sink, count, limits, isMixnodeHost);
    const listener = starting.use(listen("sphinx packets", key, address, open));
    return new PacketsIn(starting.move(), listener, unwrapping);
  }

  /** Closes all connections, and passes on the packets received so far. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.parts.disposeAsync();
  }
}
