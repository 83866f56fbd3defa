/** What a packet carries: a part of a message, or cover. Nobody but its sender and its recipient can tell. */
export type Cargo = "message" | "cover";

/** A hop of a packet's route, as its sender chose it. */
export interface TracedHop {
  /** `ip:port` */
  readonly host: string;
  /** ms that the packet rests there; 0 at the gateway */
  readonly delay: number;
}

/** Something that a client did or noticed. For teaching and debugging: it reveals what the mixnet hides. */
export type TraceEvent =
  | { readonly type: "topology"; readonly mixnodes: readonly number[]; readonly gateways: number }
  | {
    readonly type: "packet-sent";
    readonly packet: number;
    readonly carries: Cargo;
    readonly hops: readonly TracedHop[];
  }
  | { readonly type: "packet-accepted" | "packet-refused" | "packet-lost"; readonly packet: number }
  | { readonly type: "frame-received"; readonly carries: Cargo }
  | { readonly type: "message-received"; readonly id: string; readonly fragments: number }
  | { readonly type: "acknowledged"; readonly frames: number };

/** Receives trace events as they happen. It must not throw, and should be quick. */
export type Trace = (event: TraceEvent) => void;
