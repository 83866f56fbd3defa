import { assertEquals, assertLessOrEqual } from "@std/assert";
import { decodeNodeAddress, encodeNodeAddress, padNodeAddress } from "../../src/sphinx/node_address.ts";
import { frame, FRAME_SIZE } from "../../src/mixnet/frames.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { buildPacket } from "../../src/sphinx/build.ts";
import { FINAL_FLAG, FORWARD_FLAG, PACKET_SIZE, PAYLOAD_SIZE } from "../../src/sphinx/constants.ts";
import { range } from "../mailbox/messages.ts";
import { connectMany, many } from "../hostile/besieged.ts";
import { eventually } from "../support/eventually.ts";
import { bytesInUse } from "../support/garbage.ts";
import { craftedPacket } from "../support/packets.ts";
import { Silence } from "../support/silence.ts";
import { hop, LastHop, MixnodeRig } from "./mixnode_rig.ts";

const MEMORY = 50e6; // bytes: much less than the long form's 275 MB of junk

/** A mixnode under attack, and an honest packet that must get through after it. */
async function besiege(
  attack: (rig: MixnodeRig, last: LastHop) => Promise<void>,
  adjust: (config: MixnodeRig["config"]) => void = () => {},
): Promise<void> {
  using _silence = new Silence();
  await using last = new LastHop();
  const began = Date.now();
  await using directory = await DirectoryRig.start(undefined, () => began); // so that no node is silent for too long
  await last.announceTo(directory.url);
  await using rig = await MixnodeRig.start(directory.url, 1, adjust);
  await attack(rig, last);
  await rig.send(last.packet("honest", rig.hop(10)));
  await eventually("the honest packet arrives", () => last.texts.includes("honest"));
}

Deno.test("a packet with any flag but a forward hop's is dropped, even with a valid MAC", () =>
  besiege(async (rig, last) => {
    const destination = padNodeAddress(encodeNodeAddress(last.address));
    assertEquals(decodeNodeAddress(destination), last.address);
    const payload = crypto.getRandomValues(new Uint8Array(PAYLOAD_SIZE));
    const packets = range(256).map((flag) => craftedPacket(rig.keys.publicKey, payload, { flag, destination }));
    await rig.send(...packets);
    await rig.counted("packets_received", packets.length);
    // The delay of the forward hop is random: 292 years on average.
    const { wrong, flags, long } = {
      wrong: rig.count("packets_dropped_wrong_hop"),
      flags: rig.count("packets_dropped_flag"),
      long: rig.count("packets_dropped_long_delay"),
    };
    assertEquals([wrong, flags, long], [1, 256 - [FORWARD_FLAG, FINAL_FLAG].length, 1]);
  }));

Deno.test("connections with half frames are cut off, and keep no other out", () =>
  besiege(async (rig) => {
    const attackers = await connectMany(rig.address, many(300, 3000));
    const half = new Uint8Array(FRAME_SIZE / 2);
    await Promise.all(attackers.map((attacker) => attacker.write(half).catch(() => {}))); // some are cut off already
    const gone = () => rig.count("connections_closed") + rig.count("connections_refused") >= attackers.length;
    await eventually("all are cut off", gone);
    for (const attacker of attackers) attacker.close();
  }, ({ limits }) => Object.assign(limits, { mixnetConnections: 100, mixnetFrameDeadline: 1000 })));

Deno.test("a corrupt stream ends its connection, and no other", () =>
  besiege(async (rig, last) => {
    const { host: hostname, port } = rig.address;
    using other = await Deno.connect({ hostname, port });
    using corrupt = await Deno.connect({ hostname, port });
    await corrupt.write(new Uint8Array(FRAME_SIZE).fill(77));
    assertEquals(await corrupt.read(new Uint8Array(1)).catch(() => null), null);
    await other.write(frame(last.packet("from another", rig.hop())));
    await eventually("it arrives", () => last.texts.includes("from another"));
  }));

Deno.test("a flood of junk is dropped, and takes no memory", () =>
  besiege(async (rig) => {
    const junk = range(100).map(() => crypto.getRandomValues(new Uint8Array(PACKET_SIZE)));
    let sent = 0;
    const flood = async (count: number) => {
      for (const end = sent + count; sent < end; sent += junk.length) await rig.send(...junk);
      await rig.counted("packets_received", sent);
      assertEquals(rig.count("packets_dropped_mac"), sent);
    };
    await flood(5_000); // starts the workers, which take memory too
    const before = bytesInUse();
    for (let waves = many(1, 40); waves > 0; waves--) await flood(5_000);
    assertLessOrEqual(bytesInUse() - before, MEMORY);
  }));

Deno.test("packets with the longest delay leave room for others", () =>
  besiege(async (rig, last) => {
    const packets = range(100).map((n) => last.packet(`${n}`, rig.hop(60_000)));
    await rig.send(...packets);
    await rig.counted("packets_received", packets.length);
    assertEquals(rig.count("packets_dropped_no_room"), 80);
  }, ({ limits }) => Object.assign(limits, { heldPackets: 40 })));

Deno.test("a flood of one packet is forwarded once", () =>
  besiege(async (rig, last) => {
    const packet = last.packet("again and again", rig.hop(1));
    const copies = range(100).map(() => packet);
    const count = many(3_000, 99_000);
    for (let sent = 0; sent < count;) {
      for (const wave = sent + 3_000; sent < wave; sent += copies.length) await rig.send(...copies);
      await rig.counted("packets_dropped_replayed", sent - 1);
    }
    assertEquals(last.texts, ["again and again"]);
  }));

Deno.test("packets with the longest delay fill the held packets at most, and others pass once it is over", () =>
  besiege(async (rig, last) => {
    await rig.send(...range(60).map((i) => last.packet(`${i}`, rig.hop(1500))));
    await rig.counted("packets_received", 60);
    assertEquals([rig.mixnode.waiting, rig.count("packets_dropped_no_room")], [50, 10]);
    await eventually("they are released", () => rig.mixnode.waiting === 0);
  }, ({ limits }) => Object.assign(limits, { heldPackets: 50, longestDelay: 1500 })));

Deno.test("a flood of packets for made-up addresses is dropped, and a node that joins meanwhile gets its packets", () =>
  besiege(async (rig) => {
    await using newcomer = new LastHop();
    const key = rig.keys.publicKey;
    const madeUp = (n: number) => hop(key, { host: `127.1.${n >> 8}.${n & 255}`, port: 1789 });
    const flood = range(many(100, 3_000)).map((n) => buildPacket([rig.hop(), madeUp(n)], key, new Uint8Array(1)));
    await rig.mixnode.presence.lookAgain();
    await newcomer.announceTo(rig.config.mixnode.presenceDirectoryServer);
    await rig.send(...flood, newcomer.packet("first", rig.hop()));
    await eventually("it arrives", () => newcomer.texts.includes("first"));
    await rig.counted("packets_dropped_not_a_node", flood.length);
  }));
