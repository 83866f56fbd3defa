import { assertEquals, assertStringIncludes } from "@std/assert";
import { readConfig } from "../../src/config/files.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { nymGateway } from "./program.ts";

const INIT = "init --id old --mix-host 127.0.0.1 --clients-host 127.0.0.1";

/** A folder with the gateway `old`, whose configuration has a comment by its operator, and its copy `new`. */
async function copied(): Promise<{ folder: TemporaryFolder; env: Record<string, string>; configPath: string }> {
  const folder = new TemporaryFolder();
  const env = { NYM_HOME: folder.path };
  await nymGateway(INIT, env);
  const old = folder.file("gateways/old");
  const text = Deno.readTextFileSync(`${old}/config/config.toml`);
  Deno.writeTextFileSync(`${old}/config/config.toml`, `# mine\n${text}`);
  const { success } = await new Deno.Command("cp", { args: ["-a", old, folder.file("gateways/new")] }).output();
  assertEquals(success, true);
  return { folder, env, configPath: folder.file("gateways/new/config/config.toml") };
}

Deno.test("a copied home never runs on another home's keys and inboxes; relocate corrects its paths", async () => {
  const { folder, env, configPath } = await copied();
  using _ = folder;
  const refused = await nymGateway("run --id new", env);
  assertEquals(refused.code, 78);
  assertEquals(
    refused.stderr,
    `error: ${configPath} belongs to another home, and was copied or renamed: id in [gateway] is "old"; ` +
      `\`nym-gateway relocate --id new\` fixes it; --config ${configPath} uses it as it is\n`,
  );
  const { code, stdout } = await nymGateway("check --id new", env);
  assertEquals(code, 78);
  assertStringIncludes(stdout, "`nym-gateway relocate --id new`");
  assertEquals((await nymGateway("export --id new --file /nonexistent/file", env)).code, 78);
  assertEquals((await nymGateway(`run --config ${configPath}`, env)).code, 0);

  assertEquals((await nymGateway("relocate --id new", env)).code, 0);
  const { gateway, clientsEndpoint } = readConfig(configPath);
  const home = folder.file("gateways/new");
  assertEquals([gateway.id, gateway.privateSphinxKeyFile], ["new", `${home}/data/private_sphinx.pem`]);
  assertEquals(clientsEndpoint.inboxesDirectory, `${home}/data/inboxes`);
  assertStringIncludes(Deno.readTextFileSync(configPath), "# mine\n");
  assertEquals(Deno.statSync(configPath).mode! & 0o777, 0o600);
  for (const id of ["old", "new"]) {
    const ran = await nymGateway(`run --id ${id}`, env);
    assertEquals([ran.code, ran.stderr], [0, ""], id);
  }
  assertStringIncludes((await nymGateway("relocate --id new", env)).stdout, "names its own home already");
});

Deno.test("a moved home is noticed; one behind a link is the same home", async () => {
  const { folder, env } = await copied();
  using _ = folder;
  using elsewhere = new TemporaryFolder();
  Deno.symlinkSync(folder.path, elsewhere.file("link"));
  assertEquals((await nymGateway("run --id old", { NYM_HOME: elsewhere.file("link") })).code, 0);
  Deno.renameSync(folder.file("gateways"), folder.file("moved"));
  Deno.mkdirSync(elsewhere.file("gateways"));
  Deno.renameSync(folder.file("moved/old"), elsewhere.file("gateways/old"));
  const refused = await nymGateway("run", { NYM_HOME: elsewhere.path });
  assertEquals(refused.code, 78);
  assertStringIncludes(refused.stderr, `private_sphinx_key_file in [gateway] is "${folder.path}/gateways/old/data/`);
  assertEquals((await nymGateway("relocate", { NYM_HOME: elsewhere.path })).code, 0);
  assertEquals((await nymGateway("run", { NYM_HOME: elsewhere.path })).code, 0);
  assertEquals((await nymGateway("run", env)).code, 66);
});
