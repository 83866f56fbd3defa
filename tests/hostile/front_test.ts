import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { randomClientAddress } from "../support/packets.ts";
import { freePort } from "../support/reference_network.ts";
import { TestClient } from "../support/test_client.ts";
import { assertServed, Besieged, connectMany, many, report } from "./besieged.ts";
import type { Attack } from "./pouring_worker.ts";
import { HUGE, JUNK, pour } from "./pouring.ts";

const MEMORY = 100; // allowed growth in MB

/** A gateway, and its counters by metric and label. */
async function besiegedAndCounted(): Promise<
  { gateway: Besieged; count: (metric: string, reason: string) => Promise<number> }
> {
  const operator = `127.0.0.1:${freePort()}`;
  const gateway = await Besieged.start(({ operator: configured }) => configured.listeningAddress = operator);
  const count = async (metric: string, reason: string) => {
    const text = await (await fetch(`http://${operator}/metrics`)).text();
    return Number(new RegExp(`^nym_gateway_${metric}\\{reason="${reason}"\\} (\\d+)`, "m").exec(text)![1]);
  };
  return { gateway, count };
}

/** Resolves with the number of bytes accepted. */
async function attack(order: Attack): Promise<number> {
  const worker = new Worker(new URL("./pouring_worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(order);
    });
  } finally {
    worker.terminate();
  }
}

Deno.test("frames of 64 MiB use no memory, before and after a login", async () => {
  const [strangers, clients] = [many(200, 240), many(50, 500)];
  const { gateway: started, count } = await besiegedAndCounted();
  await using gateway = started;
  let most = 0;
  const watch = setInterval(async () => most = Math.max(most, await gateway.memoryGrowth()), 100);
  const taken = await attack({ address: gateway.clientsAddress, strangers, clients, kind: "huge frames" });
  clearInterval(watch);
  most = Math.max(most, await gateway.memoryGrowth());
  const counted = await count("client_requests_refused_total", "too_big");
  const honest = await gateway.endProbing();
  const total = Math.round(taken / 1e6);
  report("64 MiB frames", { strangers, clients, "MB taken of them": total, "MB grown": most, counted, ...honest });
  assertEquals(counted, strangers + clients);
  assertLessOrEqual(most, MEMORY);
  assertServed(honest);
});

Deno.test("endless fragments and floods of pings are disconnected", async () => {
  const attackers = many(100, 200);
  const { gateway: started, count } = await besiegedAndCounted();
  await using gateway = started;
  await attack({ address: gateway.clientsAddress, strangers: attackers, clients: 0, kind: "fragments and pings" });
  const growth = await gateway.memoryGrowth();
  const counted = await count("client_connections_limited_total", "flooding");
  const honest = await gateway.endProbing();
  report("fragments and pings", { attackers, "MB grown": growth, counted, ...honest });
  assertEquals(counted, attackers);
  assertLessOrEqual(growth, MEMORY);
  assertServed(honest);
});

Deno.test("endless heads and missing heads keep no newcomer out", async () => {
  const attackers = many(1300, 3000);
  const { gateway: started, count } = await besiegedAndCounted();
  await using gateway = started;
  const silent = await connectMany(gateway.clientsAddress, attackers);
  const endless = await connectMany(gateway.clientsAddress, 20);
  const poured = Promise.all(endless.map((connection) => pour(connection, JUNK, JUNK, HUGE)));
  await poured;
  await using newcomer = await TestClient.connect(gateway.clientsAddress);
  await newcomer.request({ type: "register", address: encodeBase58(randomClientAddress()) });
  const [evicted, tooBig] = await Promise.all(
    ["evicted", "too_big"].map((reason) => count("client_pending_closed_total", reason)),
  );
  const growth = await gateway.memoryGrowth();
  for (const connection of silent) connection.close();
  const honest = await gateway.endProbing();
  report("heads", { attackers, evicted, "too big": tooBig, "MB grown": growth, ...honest });
  assertEquals(tooBig, endless.length);
  assert(evicted! >= attackers - 1024);
  assertLessOrEqual(growth, MEMORY);
  assertServed(honest);
});
