import { assertEquals } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { parseSocketAddress, type SocketAddress } from "../../src/addresses/socket_address.ts";
import { eventually } from "../support/eventually.ts";
import { randomClientAddress } from "../support/packets.ts";
import { TestClient } from "../support/test_client.ts";
import { Besieged, report } from "./besieged.ts";

const isThere = await new Deno.Command("prlimit", { args: ["--version"], stdout: "null" }).output()
  .then(({ success }) => success, () => false);

/** Connections, some of which are never accepted. */
async function crowd(address: SocketAddress, count: number): Promise<Deno.TcpConn[]> {
  const options = { hostname: address.host, port: address.port, timeout: 2000 };
  const attempts = await Promise.allSettled(Array.from({ length: count }, () => Deno.connect(options)));
  return attempts.flatMap((attempt) => attempt.status === "fulfilled" ? [attempt.value] : []);
}

/** Sets the gateway's limit of descriptors. */
async function limit({ gateway }: Besieged, count: number): Promise<void> {
  await new Deno.Command("prlimit", { args: [`--pid=${gateway.pid}`, `--nofile=${count}:`] }).output();
}

/** Registers a client as soon as possible; also returns the number of failed attempts. */
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
  throw new Error("no client can connect any more");
}

Deno.test({
  name: "without free descriptors, both listeners wait, sessions continue, and newcomers are served once some are free",
  ignore: !isThere,
  fn: async () => {
    await using besieged = await Besieged.start();
    const { pid } = besieged.gateway;
    const limit = await besieged.descriptors() + 60;
    await new Deno.Command("prlimit", { args: [`--pid=${pid}`, `--nofile=${limit}:${limit}`] }).output();
    const crowds = await Promise.all([besieged.clientsAddress, besieged.mixnetAddress].map((to) => crowd(to, 100)));
    await eventually("both listeners wait", () => besieged.gateway.log.split("Cannot accept").length > 2);
    const most = await besieged.descriptors();
    for (const connection of crowds.flat()) connection.close();
    const refused = await newcomer(besieged.clientsAddress);
    const honest = await besieged.endProbing(); // it received messages all the time
    report("no descriptors", { limit, most, "refused attempts": refused, ...honest });
    assertEquals(most > limit - 40, true);
    assertEquals(besieged.gateway.log.includes("connections were lost"), false);
  },
});

Deno.test({
  name: "the first connection after descriptors run short waits, and the server behind the front survives",
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
  name: "when the operator's endpoint runs out of descriptors, neither it nor the gateway ends",
  ignore: !isThere,
  fn: async () => {
    await using besieged = await Besieged.start();
    await besieged.operator.readiness(); // it is running
    await limit(besieged, await besieged.freeDescriptor(1));
    const visitors = await crowd(parseSocketAddress(besieged.operator.address)!, 3);
    await eventually("the endpoint has failed", () => besieged.gateway.log.includes("The status page's server failed"));
    await limit(besieged, 1000);
    for (const visitor of visitors) visitor.close();
    await besieged.operator.says(/./);
    await besieged.endProbing();
  },
});
