import { Opcode } from "../../src/clients/front/frame_header.ts";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { bytes, maskedFrame } from "../clients/front/streams.ts";
import { FIN, HUGE, JUNK, pour, webSockets } from "./pouring.ts";

/*
 * Attacks over many connections, in a separate thread so that measuring is not delayed by the attack. Answers with the
 * number of bytes accepted.
 */

export interface Attack {
  address: SocketAddress;
  strangers: number;
  clients: number;
  /** frames of 64 MiB; or half of them fragments of an endless message, and half pings */
  kind: "huge frames" | "fragments and pings";
}

const HUGE_FRAME = maskedFrame(FIN | Opcode.BINARY, HUGE, 0);
const BEGINNING = maskedFrame(Opcode.TEXT, 1);
const FRAGMENTS = bytes(...Array(1000).fill(maskedFrame(Opcode.CONTINUATION, 0)));
const PING = maskedFrame(FIN | Opcode.PING, 100);
const PINGS = bytes(...Array(1000).fill(PING));

self.onmessage = async ({ data: { address, strangers, clients, kind } }: MessageEvent<Attack>) => {
  const connections = await webSockets(address, strangers, clients);
  const sent = await Promise.all(connections.map((connection, i) => {
    if (kind === "huge frames") return pour(connection, HUGE_FRAME, JUNK, HUGE);
    return i % 2 === 0 ? pour(connection, BEGINNING, FRAGMENTS, HUGE) : pour(connection, PING, PINGS, HUGE);
  }));
  self.postMessage(sent.reduce((sum, n) => sum + n));
};
