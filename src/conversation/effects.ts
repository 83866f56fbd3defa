/** What a step of the core asks for, in this order: store `writes`, all or none; then send and report the rest. */
export interface Effects {
  /** for the `Store`; undefined removes a key */
  readonly writes: Map<string, Uint8Array | undefined>;
  /** Losing one is no harm, and neither is sending it twice. */
  readonly datagrams: Datagram[];
  /** in the order in which they happened */
  readonly happenings: Happening[];
}

/** A message for the mixnet. */
export interface Datagram {
  /** where the peer receives: `<client base58>@<gateway base58>` */
  readonly to: string;
  /** as long as one packet allows */
  readonly bytes: Uint8Array;
  /** the peer's id */
  readonly peer: string;
  /** of the segment in it, if there is one */
  readonly number: number | undefined;
}

/** What an application may want to know. */
export type Happening =
  | { readonly type: "paired"; readonly peer: string }
  | { readonly type: "arrived"; readonly peer: string; readonly id: string }
  | { readonly type: "message" } & ReportedMessage;

/** A message from a peer, in the segments `first` to `last`. */
export interface ReportedMessage {
  /** the peer's id */
  readonly peer: string;
  /** the message's */
  readonly id: string;
  /** number of a segment */
  readonly first: number;
  /** number of a segment */
  readonly last: number;
}

/** Nothing, to be filled. */
export function noEffects(): Effects {
  return { writes: new Map(), datagrams: [], happenings: [] };
}
