import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { GatewayRig } from "../support/gateway_rig.ts";
import { formatSocketAddress } from "../../src/sphinx/node_address.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { nymGateway } from "./program.ts";

/** A home whose configuration has the operator's endpoint at `address`. */
async function homeFor(folder: TemporaryFolder, address: string): Promise<Record<string, string>> {
  const env = { NYM_HOME: folder.path };
  await nymGateway("init --id gw --mix-host 127.0.0.1 --clients-host 127.0.0.1", env);
  const path = folder.file("gateways/gw/config/config.toml");
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.replace(/(\[operator\][^[]*listening_address = ).*/, `$1"${address}"`));
  return env;
}

Deno.test("status shows the health and figures of a gateway that runs", async () => {
  using folder = new TemporaryFolder();
  await using rig = await GatewayRig.start(undefined, ({ operator }) => operator.listeningAddress = "127.0.0.1:0");
  await rig.register(new Uint8Array(32).fill(1));
  const env = await homeFor(folder, formatSocketAddress(rig.gateway.operatorAddress!));
  const { code, stdout, stderr } = await nymGateway("status --id gw", env);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^ test, version 0\.7\.0, up 0 min {2}warn\n/);
  assertStringIncludes(stdout, "\n ok    clients     listens on 127.0.0.1:");
  assertMatch(stdout, /\n clients +1 online, 1 registered\n/);
  const json = JSON.parse((await nymGateway("status --id gw --output json", env)).stdout);
  assertEquals([json.name, json.gauges.clientsOnline], ["test", 1]);
});

Deno.test("a gateway that does not answer, has no endpoint, or is watched wrongly is an error that says so", async () => {
  using folder = new TemporaryFolder();
  const silent = await nymGateway("status --id gw", await homeFor(folder, "127.0.0.1:1"));
  assertEquals(silent.code, 69);
  assertStringIncludes(silent.stderr, "does it run?");
  using other = new TemporaryFolder();
  const env = await homeFor(other, "");
  assertEquals((await nymGateway("status --id gw", env)).code, 78);
  assertEquals((await nymGateway("status --id gw --watch often", env)).code, 64);
});
