import { PeapError, type PeapErrorKind } from "../peap/errors.ts";
import type { Progress } from "../peap/outbox.ts";
import type { Status } from "../peap/status.ts";

/** What a tab says to the worker. `call` numbers what is answered, `loop` a loop over the messages. */
export type Request =
  | { readonly type: "send"; readonly call: number; readonly recipient: string; readonly data: Uint8Array }
  | { readonly type: "abort"; readonly call: number }
  | { readonly type: "next"; readonly call: number; readonly loop: number }
  | { readonly type: "stop"; readonly loop: number }
  | { readonly type: "reconnect" }
  /** the tab holds this lock as long as it lives */
  | { readonly type: "alive"; readonly lock: string }
  /** `all`: the worker ends with this tab */
  | { readonly type: "close"; readonly call: number; readonly all: boolean };

/** What the worker says to a tab. `opened` or `refused` comes first. */
export type Reply =
  | { readonly type: "opened"; readonly address: string; readonly status: WireStatus }
  | { readonly type: "refused"; readonly error: WireError }
  | { readonly type: "status"; readonly status: WireStatus }
  | { readonly type: "progress"; readonly call: number; readonly progress: Progress }
  | { readonly type: "answer"; readonly call: number; readonly message?: WireMessage | undefined }
  | { readonly type: "error"; readonly call: number; readonly error: WireError };

/** A `ReceivedMessage`. */
export interface WireMessage {
  /** as that of `ReceivedMessage` */
  readonly data: Uint8Array;
  /** as that of `ReceivedMessage` */
  readonly id: string;
}

/** An error: structured clone loses the class of a `PeapError`, and its fields. */
export type WireError =
  | { readonly kind: PeapErrorKind; readonly message: string; readonly retryable: boolean; readonly cause?: unknown }
  | Error;

/** A `Status`. */
export interface WireStatus {
  /** without its cause */
  readonly status: object;
  /** its cause, if it has one */
  readonly cause?: WireError;
}

/** An error as it can be posted. */
export function wireError(error: unknown): WireError {
  if (!(error instanceof PeapError)) return error instanceof Error ? error : new Error(String(error));
  const { kind, message, retryable, cause } = error;
  return { kind, message, retryable, ...(cause instanceof Error ? { cause: wireError(cause) } : {}) };
}

/** The error that was posted. */
export function readError(wire: WireError): Error {
  if (!("kind" in wire)) return wire;
  const { kind, message, retryable, cause } = wire;
  return new PeapError(kind, message, { retryable, ...(cause ? { cause: readError(cause as WireError) } : {}) });
}

/** A status as it can be posted. */
export function wireStatus(status: Status): WireStatus {
  if (!("cause" in status)) return { status };
  const { cause, ...rest } = status;
  return { status: rest, cause: wireError(cause) };
}

/** The status that was posted. */
export function readStatus({ status, cause }: WireStatus): Status {
  return (cause ? { ...status, cause: readError(cause) } : status) as Status;
}
