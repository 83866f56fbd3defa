import { assertEquals, assertStringIncludes } from "@std/assert";
import { CheckRig } from "./check_rig.ts";
import { nymGateway } from "./program.ts";

Deno.test("node-details prints what others know of the gateway", async () => {
  await using rig = new CheckRig();
  await rig.init("--location Basel", "--mix-announce-host 9.9.9.9:1");
  const details = JSON.parse((await nymGateway("node-details --id gw --output json", rig.env)).stdout);
  assertEquals([details.id, details.location, details.mixnet.announced], ["gw", "Basel", "9.9.9.9:1"]);
  assertEquals(details.protocol, "0.7.0");
  const { stdout } = await nymGateway("node-details --id gw", rig.env);
  assertStringIncludes(stdout, `public key  ${details.publicKey}\n`);
});
