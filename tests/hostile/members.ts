import { encodeBase58 } from "../../src/encoding/base58.ts";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { randomClientAddress } from "../support/packets.ts";
import { TestClient } from "../support/test_client.ts";

/** A registered client. */
export interface Member {
  readonly address: Uint8Array;
  /** its login request */
  readonly login: { type: "authenticate"; address: string; token: string };
}

/** Registers a client with this address, by default a new one. */
export async function register(gateway: SocketAddress, address = randomClientAddress()): Promise<Member> {
  await using client = await TestClient.connect(gateway);
  const name = encodeBase58(address);
  const { token } = await client.request({ type: "register", address: name }) as { token?: string };
  if (token === undefined) throw new Error("a registration was refused");
  return { address, login: { type: "authenticate", address: name, token } };
}

/** A member's connection just after its login; its stored messages follow. */
export async function logIn(gateway: SocketAddress, member: Member): Promise<TestClient> {
  const client = await TestClient.connect(gateway);
  const { status } = await client.request(member.login) as { status?: boolean };
  if (status !== true) throw new Error("a login was refused");
  return client;
}

/** Sends frames as a mixnode does, over a new connection; resolves when the operating system has accepted them. */
export async function post({ host, port }: SocketAddress, frames: Uint8Array): Promise<void> {
  using connection = await Deno.connect({ hostname: host, port });
  for (let sent = 0; sent < frames.length;) sent += await connection.write(frames.subarray(sent));
}
