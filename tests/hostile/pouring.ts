import { encodeBase58 } from "../../src/encoding/base58.ts";
import { Opcode } from "../../src/clients/front/frame_header.ts";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { bytes, HEAD, maskedFrame } from "../clients/front/streams.ts";
import { randomClientAddress } from "../support/packets.ts";
import { connectMany } from "./besieged.ts";

export const FIN = 0x80;
export const HUGE = 64 * 1024 * 1024;
export const JUNK = new Uint8Array(65_536);
/** Clients that log in at a time: fewer than the limit before a login. */
const LOGINS = 100;

/** WebSockets of strangers and of logged-in clients. */
export async function webSockets(address: SocketAddress, strangers: number, clients: number): Promise<Deno.TcpConn[]> {
  const connections: Deno.TcpConn[] = [];
  while (connections.length < clients) {
    connections.push(...await open(address, Math.min(LOGINS, clients - connections.length), true));
  }
  return [...connections, ...await open(address, strangers, false)];
}

async function open(address: SocketAddress, count: number, logIn: boolean): Promise<Deno.TcpConn[]> {
  const connections = await connectMany(address, count);
  await Promise.all(connections.map(async (connection) => {
    await connection.write(new TextEncoder().encode(HEAD));
    await connection.read(new Uint8Array(1000));
    if (!logIn) return;
    const request = JSON.stringify({ type: "register", address: encodeBase58(randomClientAddress()) });
    const login = new TextEncoder().encode(request);
    await connection.write(bytes(maskedFrame(FIN | Opcode.TEXT, login.length, 0), login));
    await connection.read(new Uint8Array(1000));
  }));
  return connections;
}

/**
 * Sends `first`, then `next` repeatedly, up to `most` bytes; resolves with the bytes accepted once it is disconnected.
 */
export async function pour(
  connection: Deno.TcpConn,
  first: Uint8Array,
  next: Uint8Array,
  most: number,
): Promise<number> {
  const end = (async () => {
    const buffer = new Uint8Array(4096);
    while (await connection.read(buffer) !== null);
  })().catch(() => {});
  let sent = 0;
  try {
    await connection.write(first);
    while (sent < most) sent += await connection.write(next);
  } catch {
    // disconnected, as expected
  }
  await end;
  connection.close();
  return sent;
}
