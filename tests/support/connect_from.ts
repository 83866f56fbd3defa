import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";

/** Connects from a local address; on Linux, all of 127.0.0.0/8 are local. The end of the connection is not an error. */
export async function connectFrom(localAddress: string, { host, port }: SocketAddress): Promise<Socket> {
  const socket = connect({ host, port, localAddress });
  await once(socket, "connect");
  socket.on("error", () => {});
  socket.resume();
  return socket;
}
