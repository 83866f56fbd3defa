import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import { basename, dirname, join } from "node:path";
import type { Config } from "../../src/config/config.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { clientId } from "../../src/mailbox/client_id.ts";
import { mailboxFile } from "../../src/mailbox/database_files.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { formatSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";
import { encodeNodeAddress } from "../../src/sphinx/node_address.ts";
import { PROTOCOL_VERSION } from "../../src/build/version.ts";
import { numbered, numberOf, range } from "../mailbox/messages.ts";
import { FakeMixnode } from "../mixnet/fake_mixnode.ts";
import { numberedPacket } from "../mixnet/numbered_packets.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayRig } from "../support/gateway_rig.ts";
import { craftedPacket, finalPayload, randomClientAddress } from "../support/packets.ts";
import { Operator } from "../support/operator.ts";
import { quietPort } from "../support/quiet_port.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const bob = randomClientAddress();
const cover = new TextEncoder().encode("The cake is a lie!");
const text = (message: string) => new TextEncoder().encode(message);

Deno.test("a packet from the mixnet reaches its client even if the directory is unreachable", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  await using client = await rig.register(bob);
  await rig.mix(rig.packet(bob, text("good morning")));
  assertEquals(await client.message(), text("good morning"));
});

Deno.test("packets of a connection arrive in order, with messages of all sizes", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  await using client = await rig.register(bob);
  const sizes = [4, 975, ...range(148, 4)];
  await rig.mix(...sizes.map((size, n) => rig.packet(bob, numbered(n, size))));
  assertEquals(await client.messages(sizes.length), sizes.map((size, n) => numbered(n, size)));
});

Deno.test("messages for an offline client are stored, also across a restart", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  await (await rig.register(bob))[Symbol.asyncDispose]();
  await rig.mix(...range(3).map((n) => rig.packet(bob, numbered(n))));
  await eventually("all is stored", () => rig.gateway.counters.get("messages_stored") === 3);
  await rig.stop();
  await rig.restart();
  await rig.mix(rig.packet(bob, numbered(3)));
  await eventually("the last one is stored", () => rig.gateway.counters.get("messages_stored") === 1);
  await using client = await rig.logIn(bob);
  assertEquals((await client.messages(4)).map(numberOf), range(4));
});

Deno.test("a damaged page of the mailbox costs the mail in it, and the health check says so", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start(undefined, (config) => config.operator.listeningAddress = "127.0.0.1:0");
  const clients = range(60).map(() => randomClientAddress());
  for (const each of clients) {
    rig.gateway.mailbox.store(clientId(each), numbered(1, 800));
    await rig.gateway.mailbox.flush();
  }
  await rig.stop();
  const path = mailboxFile(rig.config.clientsEndpoint.inboxesDirectory);
  damageFirstPage(path);
  await rig.restart();
  await eventually("the walk has met it", () => rig.gateway.mailbox.readFailure !== undefined);
  const operator = new Operator(formatSocketAddress(rig.gateway.operatorAddress!));
  await operator.says(/mailbox +cannot read some of the mail that is stored .*malformed/);
  await rig.gateway.mailbox.probe();
});

/** Overwrites the page of a mailbox's file that has the first inbox's messages. */
function damageFirstPage(path: string): void {
  const file = Deno.readFileSync(path);
  const pageSize = new DataView(file.buffer).getUint16(16);
  const database = new DatabaseSync(path);
  const { v } = database.prepare("SELECT v FROM kv WHERE hex(k) LIKE '02696E626F78%' ORDER BY k LIMIT 1").get()!;
  database.close();
  const at = Buffer.from(file).indexOf(v as Uint8Array);
  assert(at > pageSize, "the message is not in the first page, which has the schema");
  const page = at - at % pageSize;
  Deno.writeFileSync(path, file.fill(0xff, page, page + pageSize));
}

Deno.test("stopping processes the packets already read: everything counted as received is there after a restart", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  await (await rig.register(bob))[Symbol.asyncDispose]();
  const packets = range(300).map((n) => rig.packet(bob, numbered(n)));
  await rig.mix(...packets);
  await eventually("the first have been received", () => rig.gateway.counters.get("packets_received") > 0);
  const { counters } = rig.gateway;
  await rig.stop();
  const received = counters.get("packets_received");
  assertEquals(counters.get("messages_stored"), received);
  await rig.restart();
  await using client = await rig.logIn(bob);
  assertEquals((await client.messages(received)).map(numberOf), range(received));
});

Deno.test("stopping tells clients that the gateway is going away, and frees its ports", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  const client = await rig.register(bob);
  const addresses = [rig.gateway.mixnetAddress, rig.gateway.clientsAddress];
  await rig.stop();
  assertEquals((await client.closed).code, 1001);
  for (const { host, port } of addresses) Deno.listen({ hostname: host, port }).close();
  await rig.restart();
});

Deno.test("loop cover is pushed to a connected client and never stored", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  {
    await using client = await rig.register(bob);
    await rig.mix(rig.packet(bob, cover));
    assertEquals(await client.message(), cover);
  }
  await rig.mix(rig.packet(bob, cover), rig.packet(bob, text("The cake is a lie?")));
  await eventually("both have been received", () => rig.gateway.counters.get("packets_received") === 3);
  assertEquals(rig.gateway.counters.get("covers_dropped"), 1);
  await using client = await rig.logIn(bob);
  assertEquals(await client.message(), text("The cake is a lie?"));
});

Deno.test("undeliverable packets are dropped and counted by reason, and affect nothing else", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  await using client = await rig.register(bob);
  const damaged = rig.packet(bob, text("damaged"));
  damaged[40]! ^= 1;
  const flag7 = craftedPacket(rig.keys.publicKey, finalPayload(bob, new Uint8Array(0)), { flag: 7 });
  const lowOrder = rig.packet(bob, text("low order")).fill(0, 0, 32);
  await rig.mix(damaged, rig.packet(randomClientAddress(), text("to nobody")), flag7, lowOrder);
  await rig.mix(rig.packet(bob, text("fine")));
  assertEquals(await client.message(), text("fine"));
  const { counters } = rig.gateway;
  await eventually("all have been received", () => counters.get("packets_received") === 5);
  assertEquals(counters.get("packets_dropped_mac"), 1);
  assertEquals(counters.get("packets_dropped_flag"), 1);
  assertEquals(counters.get("packets_dropped_low_order"), 1);
  assertEquals(counters.get("packets_dropped_unknown_client"), 1);
  await eventually("the one is stored", () => counters.get("messages_stored") === 1);
});

Deno.test("a replayed packet is dropped and counted, also in another encoding and after a restart", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  await (await rig.register(bob))[Symbol.asyncDispose]();
  const packets = range(5).map((n) => rig.packet(bob, numbered(n)));
  const twins = packets.map((packet) => packet.slice());
  for (const twin of twins) twin[31]! ^= 0x80; // bit 255 of the shared secret does not count (RFC 7748 §5)
  await rig.mix(...packets, ...packets);
  await rig.mix(...twins);
  await eventually("all have been received", () => rig.gateway.counters.get("packets_received") === 15);
  assertEquals(rig.gateway.counters.get("packets_dropped_replayed"), 10);
  await rig.stop();
  await rig.restart();
  await rig.mix(...packets, rig.packet(bob, numbered(5)));
  await eventually("all have been received", () => rig.gateway.counters.get("packets_received") === 6);
  assertEquals(rig.gateway.counters.get("packets_dropped_replayed"), 5);
  await using client = await rig.logIn(bob);
  assertEquals((await client.messages(6)).map(numberOf), range(6));
});

Deno.test("replayed loop cover is not pushed again", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  await using client = await rig.register(bob);
  const packet = rig.packet(bob, cover);
  await rig.mix(packet, packet, rig.packet(bob, text("after it")));
  const received = await client.messages(2);
  assertEquals(received.map((message) => new TextDecoder().decode(message)).toSorted(), [
    "The cake is a lie!",
    "after it",
  ]);
  assertEquals(rig.gateway.counters.get("packets_dropped_replayed"), 1);
});

Deno.test("packets to unknown clients are not remembered: they are delivered once the client exists", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  const packet = rig.packet(bob, text("early"));
  await rig.mix(packet);
  await eventually("it has been received", () => rig.gateway.counters.get("packets_dropped_unknown_client") === 1);
  await using client = await rig.register(bob);
  await rig.mix(packet);
  assertEquals(await client.message(), text("early"));
});

Deno.test("a corrupt stream is closed, and the others continue", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  await using client = await rig.register(bob);
  const { host, port } = rig.gateway.mixnetAddress;
  using corrupt = await Deno.connect({ hostname: host, port });
  await corrupt.write(Uint8Array.of(9, 9, 9));
  assertEquals(await corrupt.read(new Uint8Array(1)).catch(() => null), null);
  await rig.mix(rig.packet(bob, text("fine")));
  assertEquals(await client.message(), text("fine"));
});

function forwarding(to: SocketAddress, number: number): Uint8Array {
  const address = encodeNodeAddress(to);
  const request = new Uint8Array(address.length + PACKET_SIZE);
  request.set(address);
  request.set(numberedPacket(number), address.length);
  return request;
}

async function announceMixnode(directory: DirectoryRig, { address }: FakeMixnode): Promise<void> {
  const mixnode = {
    host: formatSocketAddress(address),
    pubKey: encodeBase58(generateKeyPair().publicKey),
    layer: 1,
    version: "0.7.0",
  };
  const body = JSON.stringify({ ...mixnode, location: "here", lastSeen: 0 });
  await (await fetch(`${directory.url}/api/presence/mixnodes`, { method: "POST", body })).body?.cancel();
}

Deno.test("clients' packets go to mixnodes of the topology, and nowhere else", async () => {
  using _silence = new Silence();
  await using mixnode = new FakeMixnode();
  await using stranger = new FakeMixnode();
  await using directory = await DirectoryRig.start();
  await announceMixnode(directory, mixnode);
  await using rig = await GatewayRig.start(directory.url);
  await using client = await rig.register(bob);
  client.send(forwarding(stranger.address, 1));
  assertEquals(await client.answer(), {
    type: "error",
    message: "the packet's first mixnode is not in the current topology",
  });
  client.send(forwarding(mixnode.address, 2));
  assertEquals(await client.answer(), { type: "send", status: true });
  await mixnode.events.reached("packets", 1);
  assertEquals(mixnode.received, [2]);
  assertEquals(stranger.events.of("connections"), 0);
  assertEquals(rig.gateway.counters.get("packets_unforwarded_not_a_mixnode"), 1);
});

Deno.test('with forward_to = "any" they go anywhere', async () => {
  using _silence = new Silence();
  await using stranger = new FakeMixnode();
  await using rig = await GatewayRig.start(undefined, (config) => config.mixnetEndpoint.forwardTo = "any");
  await using client = await rig.register(bob);
  client.send(forwarding(stranger.address, 1));
  assertEquals(await client.answer(), { type: "send", status: true });
  await stranger.events.reached("packets", 1);
  assertEquals(stranger.received, [1]);
});

Deno.test("all of it works over IPv6", async () => {
  using _silence = new Silence();
  await using mixnode = new FakeMixnode(true, { host: "::1", port: 0 });
  await using directory = await DirectoryRig.start();
  await announceMixnode(directory, mixnode);
  await using rig = await GatewayRig.start(directory.url, ({ mixnetEndpoint, clientsEndpoint }) => {
    Object.assign(mixnetEndpoint, { listeningAddress: "[::1]:0", announceAddress: "[::1]:1789" });
    Object.assign(clientsEndpoint, { listeningAddress: "[::1]:0", announceAddress: "ws://[::1]:9000" });
  });
  assertEquals([rig.gateway.mixnetAddress.host, rig.gateway.clientsAddress.host], ["::1", "::1"]);
  await using client = await rig.register(bob);
  await rig.mix(rig.packet(bob, text("six")));
  assertEquals(await client.message(), text("six"));
  client.send(forwarding(mixnode.address, 6));
  assertEquals(await client.answer(), { type: "send", status: true });
  await mixnode.events.reached("packets", 1);
  assertEquals(mixnode.received, [6]);
  await eventually("it is announced", () => directory.topology().gatewayNodes[0]?.mixnetListener === "[::1]:1789");
});

Deno.test("the gateway announces itself and its clients to the directory", async () => {
  using _silence = new Silence();
  await using directory = await DirectoryRig.start();
  await using rig = await GatewayRig.start(directory.url, (config) => config.debug.presenceSendingDelay = 20);
  await using _client = await rig.register(bob);
  const announced = () => directory.topology().gatewayNodes[0];
  await eventually("it is announced with its client", () => announced()?.registeredClients.length === 1);
  const { lastSeen: _, ...node } = announced()!;
  assertEquals(node, {
    clientListener: rig.config.clientsEndpoint.announceAddress,
    mixnetListener: rig.config.mixnetEndpoint.announceAddress,
    pubKey: encodeBase58(rig.keys.publicKey),
    registeredClients: [{ pubKey: encodeBase58(bob) }],
    location: "unknown",
    version: PROTOCOL_VERSION,
  });
});

Deno.test("an address that another gateway actually uses is refused, and everything opened is closed", async () => {
  using _silence = new Silence();
  await using directory = await DirectoryRig.start();
  const address = `127.0.0.1:${quietPort()}`;
  const atAddress = ({ clientsEndpoint }: Config) => {
    clientsEndpoint.listeningAddress = address;
    clientsEndpoint.announceAddress = `ws://${address}`;
  };
  await using rig = await GatewayRig.start(directory.url, atAddress);
  await eventually("it is announced", () => directory.topology().gatewayNodes.length === 1);
  const error = await assertRejects(() => GatewayRig.start(directory.url, atAddress), OperatorError);
  assertStringIncludes(error.message, `Cannot announce ws://${address}`);
  await rig.stop();
  await rig.restart(); // the stale entry is ours
});

Deno.test("a port in use is named with its key, and everything opened is closed", async () => {
  using _silence = new Silence();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${taken.addr.port}`;
  const mixnet = await assertRejects(
    () => GatewayRig.start(undefined, (config) => config.mixnetEndpoint.listeningAddress = address),
    OperatorError,
  );
  assertEquals(
    mixnet.message,
    `Cannot listen for sphinx packets on ${address}: the port is in use; stop the program that uses it, ` +
      "or set another listening_address in [mixnet_endpoint]",
  );
  const clients = await assertRejects(
    () => GatewayRig.start(undefined, (config) => config.clientsEndpoint.listeningAddress = address),
    OperatorError,
  );
  assertStringIncludes(clients.message, `Cannot listen for clients on ${address}`);
  assertStringIncludes(clients.message, "listening_address in [clients_endpoint]");
});

Deno.test("a database that cannot be opened is named", async () => {
  using _silence = new Silence();
  const error = await assertRejects(
    () => GatewayRig.start(undefined, (config) => config.clientsEndpoint.ledgerPath = "/dev/null/ledger.kv"),
    OperatorError,
  );
  assertStringIncludes(error.message, '"/dev/null/ledger.kv"');
});

Deno.test("the files of a gateway contain neither messages nor clients' addresses in plain text", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  await (await rig.register(bob))[Symbol.asyncDispose]();
  await rig.mix(...range(20).map((n) => rig.packet(bob, text(`meet me at the old mill at ${n} o'clock`))));
  await eventually("all is stored", () => rig.gateway.counters.get("messages_stored") === 20);
  await rig.stop();
  const latin1 = new TextDecoder("latin1");
  const files = await filesBelow(dirname(rig.config.clientsEndpoint.ledgerPath));
  const contents = files.map((file) => latin1.decode(Deno.readFileSync(file)));
  for (const secret of ["the old mill", latin1.decode(bob), bob.toHex(), encodeBase58(bob)]) {
    assertEquals(files.filter((_, i) => contents[i]!.includes(secret)), []);
  }
  assertEquals(files.map((file) => basename(file)).sort(), [
    "0000000001.seen",
    "client_ledger.kv",
    "lock",
    "mailbox.kv",
  ]);
  await rig.restart();
});

async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    files.push(...isDirectory ? await filesBelow(join(folder, name)) : [join(folder, name)]);
  }
  return files;
}

Deno.test("databases sealed with another storage key are refused and not changed", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start();
  await (await rig.register(bob))[Symbol.asyncDispose]();
  await rig.stop();
  const otherKey = new Uint8Array(32);
  const error = await assertRejects(() => Gateway.start(rig.config, rig.keys, otherKey), OperatorError);
  assertStringIncludes(error.message, `Cannot open the ledger "${rig.config.clientsEndpoint.ledgerPath}"`);
  assertStringIncludes(error.message, "put back the storage key file that it was created with");
  await rig.restart();
  assert(rig.gateway.ledger.has(clientId(bob)));
});

Deno.test("inboxes of a 0.7.0 gateway that still runs are left alone", async () => {
  using _silence = new Silence();
  using running = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const endpoint of ["mixnetEndpoint", "clientsEndpoint"] as const) {
    using home = new TemporaryFolder();
    const inbox = home.file(encodeBase58(bob));
    Deno.mkdirSync(inbox);
    Deno.writeFileSync(join(inbox, "message"), numbered(0));
    const start = GatewayRig.start(undefined, (config) => {
      config.clientsEndpoint.inboxesDirectory = home.path;
      config[endpoint].listeningAddress = `127.0.0.1:${running.addr.port}`;
    });
    await assertRejects(() => start, OperatorError, "the port is in use");
    assert(Deno.statSync(join(inbox, "message")).isFile);
  }
});

Deno.test("inboxes of 0.7.0 are delivered, in order, to clients of its ledger", async () => {
  using _silence = new Silence();
  await using rig = await GatewayRig.start(undefined, ({ clientsEndpoint }) => {
    const inbox = `${clientsEndpoint.inboxesDirectory}/${encodeBase58(bob)}`;
    Deno.mkdirSync(inbox, { recursive: true });
    for (const n of range(5)) {
      const file = `${inbox}/${"edcba"[n]}`;
      Deno.writeFileSync(file, numbered(n));
      Deno.utimeSync(file, 1_600_000_000 + n, 1_600_000_000 + n);
    }
  });
  assert(rig.gateway.ledger.has(clientId(bob)));
  await rig.mix(rig.packet(bob, numbered(5)));
  await using client = await rig.logIn(bob);
  assertEquals((await client.messages(6)).map(numberOf), range(6));
});
