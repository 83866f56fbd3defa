import { assertEquals } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { parseSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";
import { eventually } from "../support/eventually.ts";
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

/** How many descriptors the gateway may have from now on. */
async function limit({ gateway }: Besieged, count: number): Promise<void> {
  await new Deno.Command("prlimit", { args: [`--pid=${gateway.pid}`, `--nofile=${count}:`] }).output();
}

/** A client that has registered, as soon as one can; and how many attempts failed before. */
async function newcomer(address: SocketAddress): Promise<number> {
  const request = { type: "register", address: encodeBase58(randomClientAddress()) };
  for (let refused = 0; refused < 100; refused++) {
    try {
      await using client = await TestClient.connect(address);
      assertEquals((await client.request(request) as { type: string }).type, "register");
      return refused;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("no client gets in any more");
}

Deno.test({
  name: "without a descriptor left both ways in wait, sessions go on, and newcomers are served when some are free",
  ignore: !isThere,
  fn: async () => {
    await using besieged = await Besieged.start();
    const { pid } = besieged.gateway;
    const limit = await besieged.descriptors() + 60;
    await new Deno.Command("prlimit", { args: [`--pid=${pid}`, `--nofile=${limit}:${limit}`] }).output();
    const crowds = await Promise.all([besieged.clientsAddress, besieged.mixnetAddress].map((to) => crowd(to, 100)));
    await eventually("both ways in wait", () => besieged.gateway.log.split("Cannot accept").length > 2);
    const most = await besieged.descriptors();
    for (const connection of crowds.flat()) connection.close();
    const refused = await newcomer(besieged.clientsAddress);
    const honest = await besieged.endProbing(); // it has been written to all the time
    report("no descriptors", { limit, most, "refused attempts": refused, ...honest });
    assertEquals(most > limit - 40, true);
    assertEquals(besieged.gateway.log.includes("connections were lost"), false);
  },
});

Deno.test({
  name: "the first who comes after descriptors have become short waits, and the server behind the front stays",
  ignore: !isThere,
  fn: async () => {
    for (const left of [2, 4]) {
      await using besieged = await Besieged.start();
      await limit(besieged, await besieged.freeDescriptor(left) + 1);
      const [early] = await crowd(besieged.clientsAddress, 1);
      await eventually("it waits", () => besieged.gateway.log.includes("Cannot accept"));
      await limit(besieged, 1000);
      early!.close();
      await newcomer(besieged.clientsAddress);
      await besieged.endProbing();
      assertEquals(besieged.gateway.log.includes("connections were lost"), false, `with ${left} left`);
    }
  },
});

Deno.test({
  name: "the operator's endpoint finds no descriptor, and neither it nor the gateway ends with that",
  ignore: !isThere,
  fn: async () => {
    await using besieged = await Besieged.start();
    await besieged.operator.readiness(); // it is there
    await limit(besieged, await besieged.freeDescriptor(1));
    const visitors = await crowd(parseSocketAddress(besieged.operator.address)!, 3);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await limit(besieged, 1000);
    for (const visitor of visitors) visitor.close();
    await besieged.operator.says(/./);
    assertEquals(besieged.gateway.log.includes("The status page's server has ended"), true);
    await besieged.endProbing();
  },
});
