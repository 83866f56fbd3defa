import { assertEquals } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import type { SocketAddress } from "../../src/sphinx/node_address.ts";
import { randomClientAddress } from "../support/packets.ts";
import { TestClient } from "../support/test_client.ts";
import { Besieged, report } from "./besieged.ts";

const isThere = await new Deno.Command("prlimit", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);

/** Connections of which some are never accepted. */
async function crowd(address: SocketAddress, count: number): Promise<Deno.TcpConn[]> {
  const options = { hostname: address.host, port: address.port, timeout: 2000 };
  const attempts = await Promise.allSettled(Array.from({ length: count }, () => Deno.connect(options)));
  return attempts.flatMap((attempt) => attempt.status === "fulfilled" ? [attempt.value] : []);
}

/** A client, as soon as one can connect. */
async function connected(address: SocketAddress): Promise<TestClient> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      return await TestClient.connect(address);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("no client gets in any more");
}

Deno.test({
  name: "without a descriptor left both listeners wait, and newcomers are served when some are free",
  ignore: !isThere,
  fn: async () => {
    await using besieged = await Besieged.start();
    const honest = await besieged.endProbing(); // Deno's server takes its WebSockets along when it ends
    const { pid } = besieged.gateway;
    const limit = await besieged.descriptors() + 40;
    await new Deno.Command("prlimit", { args: [`--pid=${pid}`, `--nofile=${limit}:${limit}`] }).output();
    const crowds = await Promise.all([besieged.clientsAddress, besieged.mixnetAddress].map((to) => crowd(to, 60)));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const most = await besieged.descriptors();
    const said = besieged.gateway.log.includes("Cannot accept");
    for (const connection of crowds.flat()) connection.close();
    await using newcomer = await connected(besieged.clientsAddress);
    const address = encodeBase58(randomClientAddress());
    const answer = await newcomer.request({ type: "register", address }) as { type: string };
    report("no descriptors", { limit, most, ...honest });
    assertEquals([most >= limit, said, answer.type], [true, true, "register"]);
  },
});
