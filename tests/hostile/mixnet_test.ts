import { assertLessOrEqual } from "@std/assert";
import { FRAME_SIZE } from "../../src/mixnet/frames.ts";
import { assertServed, Besieged, connectMany, many, report } from "./besieged.ts";

const MEMORY = 100; // MB

Deno.test("half-open frames keep no mixnode out, and are cut off", async () => {
  const count = many(500, 5000);
  await using besieged = await Besieged.start(({ limits }) => {
    limits.mixnetConnections = many(200, 2000);
    limits.mixnetFrameDeadline = 2000;
  });
  const before = await besieged.descriptors();
  const attackers = await connectMany(besieged.mixnetAddress, count);
  const half = new Uint8Array(FRAME_SIZE / 2);
  await Promise.all(attackers.map((attacker) => attacker.write(half).catch(() => {}))); // some are cut off already
  const growth = await besieged.memoryGrowth();
  const most = await besieged.descriptors();
  await besieged.descriptorsFallTo(before);
  const honest = await besieged.endProbing();
  report("half-open frames", { connections: count, "descriptors before": before, most, "MB grown": growth, ...honest });
  for (const attacker of attackers) attacker.close();
  assertLessOrEqual(growth, MEMORY);
  assertServed(honest);
});
