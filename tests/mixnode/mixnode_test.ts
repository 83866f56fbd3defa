import { assert, assertEquals, assertRejects } from "@std/assert";
import { MIXNODE, type MixnodeConfig } from "../../src/config/config.ts";
import { readTable } from "../../src/config/files.ts";
import { loadKeyPair } from "../../src/config/key_files.ts";
import { Mixnode } from "../../src/mixnode/mixnode.ts";
import type { Mixnode as MixnodeEntry } from "../../src/protocol/topology.ts";
import { PATH_OF_MIXNODE_CONFIG_070, unpackMixnodeHome070 } from "../config/home_070.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { buildPacket } from "../../src/sphinx/build.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { quietPort } from "../support/quiet_port.ts";
import { Silence } from "../support/silence.ts";
import { hop, LastHop, MixnodeRig } from "./mixnode_rig.ts";

/** A directory that lists `last`. */
async function directoryWith(last: LastHop): Promise<DirectoryRig> {
  const directory = await DirectoryRig.start();
  await last.announceTo(directory.url);
  return directory;
}

Deno.test("a packet goes through three mixnodes to the gateway at the end", async () => {
  using _silence = new Silence();
  await using last = new LastHop();
  await using directory = await directoryWith(last);
  await using one = await MixnodeRig.start(directory.url, 1);
  await using two = await MixnodeRig.start(directory.url, 2);
  await using three = await MixnodeRig.start(directory.url, 3);
  await eventually("all are listed", () => directory.topology().mixNodes.length === 3);
  assertEquals(
    directory.topology().mixNodes.map(({ layer, host, version }) => [layer, host, version]).sort(),
    [one, two, three].map(({ config }, i) => [i + 1, config.mixnode.announceAddress, "0.7.0"]),
  );
  const knowsAll = ({ mixnode: { presence } }: MixnodeRig) => presence.nodes === 3 || void presence.lookAgain();
  await eventually("each knows the others", () => [one, two, three].every(knowsAll));
  const texts = ["one", "two", "three"];
  await one.send(...texts.map((text) => last.packet(text, one.hop(20), two.hop(20), three.hop(20))));
  await eventually("all arrive", () => last.received.length === 3);
  assertEquals(last.texts.sort(), texts.sort());
  assertEquals([one, two, three].map((rig) => rig.count("packets_forwarded")), [3, 3, 3]);
});

Deno.test("a packet waits for its delay while later ones pass it", async () => {
  using _silence = new Silence();
  await using last = new LastHop();
  await using directory = await directoryWith(last);
  await using rig = await MixnodeRig.start(directory.url);
  const sent = performance.now();
  await rig.send(last.packet("slow", rig.hop(400)), last.packet("fast", rig.hop(0)));
  await eventually("both arrive", () => last.received.length === 2);
  assertEquals(last.texts, ["fast", "slow"]);
  assert(last.received[1]!.at - sent >= 400, "too early");
});

Deno.test("a packet that cannot be forwarded is dropped and counted, and its connection stays open", async () => {
  using _silence = new Silence();
  await using last = new LastHop();
  await using directory = await directoryWith(last);
  await using rig = await MixnodeRig.start(directory.url);
  const key = generateKeyPair().publicKey;
  const final = buildPacket([rig.hop()], key, new Uint8Array(1));
  const forOthers = buildPacket([hop(key, rig.address)], key, new Uint8Array(1));
  const noAddress = { publicKey: key, address: new Uint8Array(32).fill(9), delay: 0n };
  const flipped = last.packet("flipped", rig.hop());
  flipped[50]! ^= 1;
  await rig.send(
    final,
    forOthers,
    flipped,
    buildPacket([rig.hop(), noAddress], key, new Uint8Array(1)),
    buildPacket([rig.hop(), hop(key, { host: "127.0.0.1", port: quietPort() })], key, new Uint8Array(1)),
    last.packet("too late", rig.hop(61_000)),
    last.packet("good", rig.hop()),
  );
  await eventually("the valid packet arrives", () => last.received.length === 1);
  await rig.counted("packets_dropped_not_a_node", 1); // once the directory has answered
  assertEquals(
    {
      final: rig.count("packets_dropped_wrong_hop"),
      mac: rig.count("packets_dropped_mac"),
      address: rig.count("packets_dropped_address"),
      notANode: rig.count("packets_dropped_not_a_node"),
      longDelay: rig.count("packets_dropped_long_delay"),
      received: rig.count("packets_received"),
    },
    { final: 1, mac: 2, address: 1, notANode: 1, longDelay: 1, received: 7 },
  );
});

Deno.test("a packet whose next hop is this mixnode itself is dropped, though another node announces its address", async () => {
  using _silence = new Silence();
  await using last = new LastHop();
  await using directory = await directoryWith(last);
  const address = `127.0.0.1:${quietPort()}`;
  const impostor = { host: address, pubKey: encodeBase58(generateKeyPair().publicKey), layer: 1, version: "0.7.0" };
  const init = { method: "POST", body: JSON.stringify({ ...impostor, location: "", lastSeen: 0 }) };
  await (await fetch(`${directory.url}/api/presence/mixnodes`, init)).body?.cancel();
  const at = ({ mixnode }: MixnodeConfig) =>
    void Object.assign(mixnode, { listeningAddress: address, announceAddress: address });
  await using rig = await MixnodeRig.start(directory.url, 1, at);
  assertEquals(rig.mixnode.presence.nodes, 2); // the last hop and the impostor
  await rig.send(last.packet("loop", rig.hop(), rig.hop(), rig.hop(), rig.hop()));
  await rig.counted("packets_dropped_not_a_node", 1);
  assertEquals(rig.count("packets_received"), 1);
});

Deno.test("with forward_to = any, packets go to any address", async () => {
  using _silence = new Silence();
  await using last = new LastHop();
  await using rig = await MixnodeRig.start("http://127.0.0.1:1", 1, ({ mixnode }) => mixnode.forwardTo = "any");
  await rig.send(last.packet("anywhere", rig.hop()));
  await eventually("it arrives", () => last.received.length === 1);
});

Deno.test("a node that has just joined is found when the first packet for it arrives", async () => {
  using _silence = new Silence();
  await using last = new LastHop();
  await using directory = await DirectoryRig.start();
  await using rig = await MixnodeRig.start(directory.url);
  await last.announceTo(directory.url);
  await rig.send(last.packet("to a newcomer", rig.hop(500)));
  await eventually("it arrives", () => last.received.length === 1);
});

Deno.test("packets without a delay wait until the directory lists their node, however recently it was asked", async () => {
  using _silence = new Silence();
  await using last = new LastHop();
  await using directory = await DirectoryRig.start();
  await using rig = await MixnodeRig.start(directory.url);
  await rig.mixnode.presence.lookAgain(); // just before the node joins, so that the next request has to wait
  await last.announceTo(directory.url);
  await rig.send(...range(20).map((n) => last.packet(`${n}`, rig.hop())));
  await eventually("all arrive", () => last.received.length === 20);
  assertEquals(last.texts.map(Number), range(20));
  assertEquals(rig.count("packets_dropped_not_a_node"), 0);
});

Deno.test("a replayed packet is dropped, even if the mixnode was killed in between", async () => {
  using _silence = new Silence();
  await using last = new LastHop();
  await using directory = await directoryWith(last);
  await using rig = await MixnodeRig.start(directory.url);
  const packet = last.packet("once", rig.hop());
  const twin = packet.slice();
  twin[31]! ^= 0x80; // bit 255 of the shared secret has no meaning
  await rig.send(packet);
  await eventually("it arrives", () => last.received.length === 1);
  await rig.send(packet, twin);
  await rig.counted("packets_dropped_replayed", 2);
  // A kill leaves the files as they are now.
  const leaveFiles = ({ mixnode }: MixnodeConfig) => {
    const [seen, copy] = [rig.config, { mixnode }].map(({ mixnode }) => `${mixnode.stateDirectory}/replay`);
    Deno.mkdirSync(copy!, { recursive: true });
    for (const { name } of Deno.readDirSync(seen!)) {
      Deno.copyFileSync(`${seen}/${name}`, `${copy}/${name}`);
    }
  };
  await using after = await MixnodeRig.start(directory.url, 1, leaveFiles, rig.keys);
  await after.send(packet, last.packet("another", after.hop()));
  await eventually("another one arrives", () => last.received.length === 2);
  assertEquals([after.count("packets_dropped_replayed"), last.texts], [1, ["once", "another"]]);
});

Deno.test("a packet beyond held_packets is dropped", async () => {
  using _silence = new Silence();
  await using last = new LastHop();
  await using directory = await directoryWith(last);
  await using rig = await MixnodeRig.start(directory.url, 1, ({ limits }) => limits.heldPackets = 10);
  await rig.send(...Array.from({ length: 15 }, (_, i) => last.packet(`${i}`, rig.hop(1000))));
  await rig.counted("packets_dropped_no_room", 5);
  assertEquals(rig.mixnode.waiting, 10);
  await eventually("the others arrive", () => last.received.length === 10);
  assertEquals(last.texts.map(Number).sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("a mixnode that is stopped forwards what is due soon, and counts what it drops", async () => {
  using _silence = new Silence();
  await using last = new LastHop();
  await using directory = await directoryWith(last);
  await using rig = await MixnodeRig.start(directory.url);
  const { counters } = rig.mixnode;
  await rig.send(last.packet("soon", rig.hop(800)), last.packet("late", rig.hop(30_000)));
  await eventually("both are held", () => rig.mixnode.waiting === 2);
  await rig.mixnode[Symbol.asyncDispose]();
  await eventually("the first one arrives", () => last.received.length === 1);
  assertEquals([last.texts, counters.get("packets_dropped_stopping")], [["soon"], 1]);
});

Deno.test("a dead neighbour delays no packets for others", async () => {
  using _silence = new Silence();
  await using last = new LastHop();
  const dead = { host: "127.0.0.1", port: quietPort() };
  await using rig = await MixnodeRig.start("http://127.0.0.1:1", 1, ({ mixnode }) => mixnode.forwardTo = "any");
  const key = generateKeyPair().publicKey;
  const toDead = () => buildPacket([rig.hop(), hop(key, dead)], key, new Uint8Array(1));
  await rig.send(...Array.from({ length: 20 }, toDead), last.packet("past it", rig.hop()));
  await eventually("it arrives", () => last.received.length === 1);
});

Deno.test("a mixnode starts without its directory, and is listed once the directory is back", async () => {
  using _silence = new Silence();
  const port = quietPort();
  await using rig = await MixnodeRig.start(`http://127.0.0.1:${port}`);
  assert(rig.mixnode.presence.failure !== undefined);
  await using directory = await DirectoryRig.start((config) => config.directory.listeningAddress = `127.0.0.1:${port}`);
  await eventually("it is listed", () => directory.topology().mixNodes.length === 1);
});

Deno.test("a 0.7.0 mixnode's home is taken over: its key, its layer, its address", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  await unpackMixnodeHome070(folder.path);
  await using directory = await DirectoryRig.start();
  const config = readTable(MIXNODE, folder.file(PATH_OF_MIXNODE_CONFIG_070));
  const address = `127.0.0.1:${quietPort()}`; // its own is the usual one, which may be in use here
  const addresses = { listeningAddress: address, announceAddress: address, presenceDirectoryServer: directory.url };
  const keys = loadKeyPair(config.mixnode);
  const operator = { ...config.operator, listeningAddress: "" };
  await using _mixnode = await Mixnode.start(
    { ...config, mixnode: { ...config.mixnode, ...addresses }, operator },
    keys,
  );
  await eventually("it is listed", () => directory.topology().mixNodes.length === 1);
  const [{ lastSeen: _, ...entry }] = directory.topology().mixNodes as [MixnodeEntry];
  assertEquals(entry, {
    host: address,
    pubKey: encodeBase58(keys.publicKey),
    layer: 2,
    location: "unknown",
    version: "0.7.0",
  });
});

Deno.test("another mixnode with our address is a warning, or an error with refuse_address_clash", async () => {
  using _silence = new Silence();
  await using directory = await DirectoryRig.start();
  const address = `127.0.0.1:${quietPort()}`;
  const other = { host: address, pubKey: encodeBase58(generateKeyPair().publicKey), layer: 1, version: "0.7.0" };
  const init = { method: "POST", body: JSON.stringify({ ...other, location: "", lastSeen: 0 }) };
  await (await fetch(`${directory.url}/api/presence/mixnodes`, init)).body?.cancel();
  const start = (refuseAddressClash: boolean) =>
    MixnodeRig.start(
      directory.url,
      1,
      ({ mixnode }) =>
        void Object.assign(mixnode, { listeningAddress: address, announceAddress: address, refuseAddressClash }),
    );
  const error = await assertRejects(() => start(true), OperatorError);
  assertEquals([error.exitCode, error.message.includes(`announces it already`)], [69, true]);
  await using rig = await start(false);
  assertEquals(rig.address.port, Number(address.split(":")[1]));
});

Deno.test("a reload applies the changes that need no restart, and names the others", async () => {
  using _silence = new Silence();
  await using rig = await MixnodeRig.start("http://127.0.0.1:1");
  const file = structuredClone(rig.config);
  file.limits.heldPackets = 7;
  file.mixnode.layer = 3;
  assertEquals(rig.mixnode.reload(() => file), { taken: ["[limits] held_packets"], left: ["[mixnode] layer"] });
});
