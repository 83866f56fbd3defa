import { PACKET_SIZE } from "../sphinx/constants.ts";
import type { SocketAddress } from "../addresses/socket_address.ts";
import { decodeNodeAddress, nodeAddressSize } from "../sphinx/node_address.ts";
import { type ControlRequest, parseControlRequest } from "./messages.ts";

/** What a connection has to do with a frame. A packet has PACKET_SIZE bytes and is part of the frame, not a copy. */
export type Action =
  | Exclude<ControlRequest, { kind: "malformed" }>
  | { kind: "forward"; to: SocketAddress; packet: Uint8Array }
  | { kind: "error"; message: string };

const error = (message: string): Action => ({ kind: "error", message });

/**
 * The client protocol (spec §5): what a frame means, before and after the client has logged in. Never throws. The front
 * bounds the size of frames (front/frame_guard.ts).
 */
export function interpret(authenticated: boolean, frame: string | Uint8Array): Action {
  if (typeof frame === "string") {
    const request = parseControlRequest(frame);
    if (request.kind === "received" || request.kind === "ping") {
      return authenticated ? request : error("malformed request");
    }
    if (authenticated) return error("invalid request");
    return request.kind === "malformed" ? error(request.error) : request;
  }
  return authenticated ? interpretPacket(frame) : error("binary request without prior authentication");
}

/** Node address (7 or 19 bytes, spec §3, unpadded) ‖ packet. */
function interpretPacket(frame: Uint8Array): Action {
  const size = nodeAddressSize(frame[0]);
  const to = decodeNodeAddress(frame.subarray(0, size));
  if (size === undefined || to === undefined) return error("address field was incorrectly encoded");
  const packet = frame.subarray(size);
  return packet.length === PACKET_SIZE
    ? { kind: "forward", to, packet }
    : error(`received request had invalid size. (actual: ${packet.length}, expected: ${PACKET_SIZE})`);
}
