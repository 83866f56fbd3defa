import { assertEquals } from "@std/assert";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayRig } from "../support/gateway_rig.ts";
import { randomClientAddress } from "../support/packets.ts";
import { Silence } from "../support/silence.ts";

Deno.test("with announce_clients = false the directory gets no clients, and a reload with true announces them", async () => {
  using _silence = new Silence();
  await using directory = await DirectoryRig.start();
  await using rig = await GatewayRig.start(directory.url, (config) => {
    config.debug.presenceSendingDelay = 10;
    config.clientsEndpoint.announceClients = false;
  });
  const bob = randomClientAddress();
  await using _client = await rig.register(bob);
  const announced = () => directory.topology().gatewayNodes[0];
  await eventually("it is announced", () => announced() !== undefined);
  const { lastSeen } = announced()!;
  await eventually("it is announced again", () => announced()!.lastSeen > lastSeen);
  assertEquals(announced()!.registeredClients, []);
  const { clientsEndpoint } = rig.config;
  const changed = { ...rig.config, clientsEndpoint: { ...clientsEndpoint, announceClients: true } };
  assertEquals(rig.gateway.reload(() => changed).taken, ["[clients_endpoint] announce_clients"]);
  await eventually("its client is announced", () => announced()!.registeredClients.length === 1);
  assertEquals(announced()!.registeredClients, [{ pubKey: encodeBase58(bob) }]);
});
