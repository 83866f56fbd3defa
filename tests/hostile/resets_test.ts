import { assert, assertLessOrEqual } from "@std/assert";
import { frame } from "../../src/mixnet/frames.ts";
import { range } from "../mailbox/messages.ts";
import { numberedPacket } from "../mixnet/numbered_packets.ts";
import { connectFrom } from "../support/connect_from.ts";
import { assertServed, Besieged, many, report } from "./besieged.ts";

const MEMORY = 100; // allowed growth in MB
const CONNECTIONS = many(100, 40_000);
const AT_A_TIME = 50;
const NETWORKS = 250;
/** Descriptors that workers for packets may have. */
const OF_WORKERS = 60;

Deno.test({
  name: "connections that are reset at once, with junk or without, leave nothing behind and hold up nobody",
  ignore: Deno.build.os !== "linux", // which has all of 127.0.0.0/8
  fn: async () => {
    await using besieged = await Besieged.start(({ limits }) => limits.limitLoopback = true);
    const before = await besieged.descriptors();
    const junk = frame(...range(40).map(numberedPacket));
    const attack = async (n: number) => {
      const address = n % 2 === 0 ? besieged.mixnetAddress : besieged.clientsAddress;
      const attacker = await connectFrom(`127.1.${n % NETWORKS}.1`, address);
      if (n % 4 < 2) await new Promise((resolve) => attacker.write(junk, resolve));
      attacker.resetAndDestroy();
    };
    for (let n = 0; n < CONNECTIONS; n += AT_A_TIME) await Promise.all(range(AT_A_TIME, n).map(attack));
    const growth = await besieged.memoryGrowth();
    await besieged.descriptorsFallTo(before + OF_WORKERS);
    const honest = await besieged.endProbing();
    report("resets", { connections: CONNECTIONS, "MB grown": growth, ...honest });
    assert(!/Uncaught|unhandled|^ {4}at /im.test(besieged.gateway.log), besieged.gateway.log);
    assertLessOrEqual(growth, MEMORY);
    assertServed(honest);
  },
});
