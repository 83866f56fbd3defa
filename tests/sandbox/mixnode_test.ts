import { assertEquals } from "@std/assert";
import { Forwarder } from "../../src/mixnet/forwarder.ts";
import { FRAME_SIZE, FrameParser } from "../../src/mixnet/frames.ts";
import { Directory } from "../../src/sandbox/directory.ts";
import { Mixnode } from "../../src/sandbox/mixnode.ts";
import { buildPacket, type Hop } from "../../src/sphinx/build.ts";
import { generateKeyPair, type KeyPair } from "../../src/sphinx/curve.ts";
import type { SocketAddress } from "../../src/addresses/socket_address.ts";
import { encodeNodeAddress, padNodeAddress } from "../../src/sphinx/node_address.ts";
import { unwrap } from "../../src/sphinx/unwrap.ts";
import { Counted } from "../mixnet/counted.ts";

const LOCAL = { host: "127.0.0.1", port: 0 };
const SETTINGS = { connectTimeout: 1500, initialBackoff: 100, maximumBackoff: 1000 };
const text = new TextEncoder();

function hop(publicKey: Uint8Array, address: SocketAddress, delay = 0n): Hop {
  return { publicKey, address: padNodeAddress(encodeNodeAddress(address)), delay };
}

/** Reads `n` packets from the next connection to `listener`. */
async function readPackets(listener: Deno.TcpListener, n: number): Promise<Uint8Array[]> {
  using connection = await listener.accept();
  const parser = new FrameParser();
  const buffer = new Uint8Array(FRAME_SIZE);
  const packets: Uint8Array[] = [];
  while (packets.length < n) {
    const length = await connection.read(buffer);
    if (length === null) throw new Error("the mixnode ended the connection");
    for (const packet of parser.push(buffer.subarray(0, length))) packets.push(packet.slice());
  }
  return packets;
}

/** The text for `client` in a packet that has reached its last hop. */
function textIn(packet: Uint8Array, { privateKey }: KeyPair, client: Uint8Array): string {
  const unwrapped = unwrap(packet, privateKey);
  if (unwrapped.kind !== "message") throw new Error(`not a message but ${unwrapped.kind}`);
  assertEquals(unwrapped.destination, client);
  return new TextDecoder().decode(unwrapped.message);
}

Deno.test("a packet goes through three mixnodes to the gateway at the end", async () => {
  await using directory = new Directory(LOCAL);
  const counted = new Counted();
  await using stack = new AsyncDisposableStack();
  const mixnodes = [1, 2, 3].map((layer) => stack.use(new Mixnode(LOCAL, layer, directory.url, counted.count)));
  await Promise.all(mixnodes.map((mixnode) => mixnode.announced()));
  assertEquals(
    directory.topology().mixNodes.map(({ layer, host }) => [layer, host]).sort(),
    mixnodes.map(({ layer, address }) => [layer, `127.0.0.1:${address.port}`]),
  );

  using gateway = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const gatewayKeys = generateKeyPair();
  const client = generateKeyPair().publicKey;
  const route = [
    ...mixnodes.map(({ publicKey, address }) => hop(publicKey, address, 1_000_000n)),
    hop(gatewayKeys.publicKey, { host: "127.0.0.1", port: gateway.addr.port }),
  ];
  const sent = ["one", "two", "three"];
  const forwarder = stack.use(new Forwarder(SETTINGS, new Counted().count));
  for (const message of sent) {
    forwarder.forward(mixnodes[0]!.address, buildPacket(route, client, text.encode(message)));
  }
  const received = (await readPackets(gateway, sent.length)).map((packet) => textIn(packet, gatewayKeys, client));
  assertEquals(received.sort(), sent.sort());
  assertEquals(counted.of("packets_mixed"), 9);
});

Deno.test("a packet waits for its delay while later ones overtake it", async () => {
  await using directory = new Directory(LOCAL);
  const counted = new Counted();
  await using mixnode = new Mixnode(LOCAL, 1, directory.url, counted.count);
  using gateway = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const keys = generateKeyPair();
  await using forwarder = new Forwarder(SETTINGS, new Counted().count);
  const last = hop(keys.publicKey, { host: "127.0.0.1", port: gateway.addr.port });
  for (const [message, delay] of [["slow", 400_000_000n], ["fast", 0n]] as const) {
    const route = [hop(mixnode.publicKey, mixnode.address, delay), last];
    forwarder.forward(mixnode.address, buildPacket(route, keys.publicKey, text.encode(message)));
  }
  const received = (await readPackets(gateway, 2)).map((packet) => textIn(packet, keys, keys.publicKey));
  assertEquals(received, ["fast", "slow"]);
});

Deno.test("packets that a mixnode cannot forward are dropped and counted", async () => {
  await using directory = new Directory(LOCAL);
  const counted = new Counted();
  await using mixnode = new Mixnode(LOCAL, 1, directory.url, counted.count);
  await using forwarder = new Forwarder(SETTINGS, new Counted().count);
  const own = hop(mixnode.publicKey, mixnode.address);
  const nowhere: Hop = { publicKey: generateKeyPair().publicKey, address: new Uint8Array(32).fill(9), delay: 0n };
  const forOthers = buildPacket([nowhere], mixnode.publicKey, new Uint8Array(1));
  forwarder.forward(mixnode.address, buildPacket([own], mixnode.publicKey, new Uint8Array(1)));
  forwarder.forward(mixnode.address, buildPacket([own, nowhere], mixnode.publicKey, new Uint8Array(1)));
  forwarder.forward(mixnode.address, forOthers);
  await counted.reached("packets_dropped_mac", 1);
  assertEquals(counted.of("packets_dropped_final_hop"), 1);
  assertEquals(counted.of("packets_dropped_address"), 1);
});

Deno.test("a mixnode that ends drops the packets it holds", async () => {
  await using directory = new Directory(LOCAL);
  const counted = new Counted();
  const mixnode = new Mixnode(LOCAL, 1, directory.url, counted.count);
  await using forwarder = new Forwarder(SETTINGS, new Counted().count);
  const next = hop(mixnode.publicKey, mixnode.address);
  const route = [hop(mixnode.publicKey, mixnode.address, 60_000_000_000n), next];
  forwarder.forward(mixnode.address, buildPacket(route, mixnode.publicKey, new Uint8Array(1)));
  await counted.reached("packets_mixed", 1);
  await mixnode[Symbol.asyncDispose]();
  assertEquals(counted.of("packets_dropped_ending"), 1);
});

Deno.test("a mixnode runs without its directory, and announces itself once there is one", async () => {
  const { url } = await (async () => {
    await using directory = new Directory(LOCAL);
    return { url: directory.url };
  })();
  const counted = new Counted();
  await using mixnode = new Mixnode(LOCAL, 1, url, counted.count);
  await counted.reached("presence_failed", 1);
  await using directory = new Directory({ host: "127.0.0.1", port: Number(new URL(url).port) });
  await mixnode.announced();
  assertEquals(directory.topology().mixNodes.length, 1);
});
