import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Finding } from "../../src/cli/checks/finding.ts";
import { DirectoryServer } from "../directory/directory_server.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { nymGateway } from "./program.ts";

Deno.test("check looks at everything that a mixnode needs, and at its entry in the directory", async () => {
  using folder = new TemporaryFolder();
  await using server = new DirectoryServer();
  const env = { NYM_HOME: folder.path };
  const address = `127.0.0.1:${quietPort()}`;
  await nymGateway(`mixnode init --id mist --host ${address} --layer 2 --directory ${server.url}`, env);
  const { publicKey } = JSON.parse((await nymGateway("mixnode node-details --output json", env)).stdout);
  const node = { host: address, pubKey: publicKey, layer: 2, version: "0.7.0", location: "", lastSeen: 0 };
  const lists = (...nodes: Partial<typeof node>[]) => {
    const mixNodes = nodes.map((changed) => ({ ...node, ...changed }));
    const topology = { cocoNodes: [], mixNodes, mixProviderNodes: [], gatewayNodes: [] };
    server.topology = () => Response.json(topology, { headers: { date: new Date().toUTCString() } });
  };
  const check = async () => {
    const { code, stdout, stderr } = await nymGateway("mixnode check --output json", env);
    assertEquals(stderr, "");
    const { findings }: { findings: Finding[] } = JSON.parse(stdout);
    const entries = findings.filter(({ subject }) => subject === "directory's entry");
    return { code, entries, found: Object.fromEntries(findings.map((finding) => [finding.subject, finding])) };
  };

  lists({ pubKey: "a", host: "10.0.0.1:1", layer: 1 }, { pubKey: "b", host: "10.0.0.2:1", layer: 3 }, {});
  const { code, found } = await check();
  assertEquals(code, 0);
  for (
    const subject of ["configuration", "key pair", "key files", "state", "storage", "mixnet port", "mixnet reachable"]
  ) {
    assertEquals(found[subject]?.status, "ok", subject);
  }
  assertStringIncludes(found["state"]!.found, "which the first start creates");
  assertStringIncludes(found["mixnet announced"]!.remedy!, "set announce_address in [mixnode]");
  assertStringIncludes(found["directory"]!.found, "3 mixnodes");
  assertEquals(found["directory's entry"], undefined);

  lists({ host: "10.0.0.9:1" }, { pubKey: "a", host: "10.0.0.1:1" });
  const elsewhere = await check();
  assertEquals([elsewhere.code, elsewhere.found["directory's entry"]?.status], [78, "fail"]);
  assertStringIncludes(
    elsewhere.found["directory's entry"]!.found,
    "listed at 10.0.0.9:1, not as configured",
  );
  assertStringIncludes(elsewhere.found["directory"]!.found, "in 1 of 3 layers");

  lists({ pubKey: "other" }, { layer: 3 });
  using _taken = Deno.listen({ hostname: "127.0.0.1", port: Number(address.split(":")[1]) });
  const { code: failed, entries, found: clash } = await check();
  assertEquals([failed, clash["mixnet port"]?.status], [69, "fail"]);
  assertEquals(entries.map(({ status, found }) => `${status}: ${found}`), [
    "warn: this mixnode is listed in layer 3, and configured for layer 2",
    `warn: the mixnode with public key other announces ${address} too`,
  ]);
});

Deno.test("a mixnode's paths are corrected after its home was renamed, and its port and layer can be overridden", async () => {
  using folder = new TemporaryFolder();
  const env = { NYM_HOME: folder.path };
  await nymGateway("mixnode init --id mist --host 127.0.0.1 --layer 2", env);
  await Deno.rename(folder.file("mixnodes/mist"), folder.file("mixnodes/fog"));
  const refused = await nymGateway("mixnode run --id fog", env);
  assertEquals(refused.code, 78);
  assertStringIncludes(refused.stderr, "`nym-gateway mixnode relocate --id fog` fixes it");
  const { stdout } = await nymGateway("mixnode relocate --id fog", env);
  assertStringIncludes(stdout, "[mixnode] id, [mixnode] private_sphinx_key_file");
  const ran = await nymGateway("mixnode run --id fog --port 1790 --announce-host mix.example.org --layer 3", env);
  assertEquals(ran.code, 0, ran.stderr);
  assertStringIncludes(ran.stdout, "\nListening for incoming packets on 127.0.0.1:1790\n");
  assertStringIncludes(ran.stdout, "\nAnnouncing the following socket address: mix.example.org:1790\n");
  const wrong = await nymGateway("mixnode run --id fog --layer two", env);
  assertEquals([wrong.code, wrong.stderr], [64, "error: --layer must be a whole number from 1 to 65535\n"]);
  const none = await nymGateway("mixnode status --id x", env);
  assertStringIncludes(none.stderr, "There is no mixnode x, only fog (");
});
