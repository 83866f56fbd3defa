import { assertEquals, assertStringIncludes } from "@std/assert";
import { readConfig } from "../../src/config/files.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { nymGateway } from "./program.ts";

const INIT = "init --id old --mix-host 127.0.0.1 --clients-host 127.0.0.1";

/** A folder with the gateway `old`, whose configuration has a comment of its operator's, and its copy `new`. */
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

Deno.test("a home that was copied runs on no other home's keys and inboxes, until relocate has set its paths", async () => {
  const { folder, env, configPath } = await copied();
  using _ = folder;
  const refused = await nymGateway("run --id new", env);
  assertEquals(refused.code, 78);
  assertEquals(
    refused.stderr,
    `error: ${configPath} is of another home, copied or renamed: id in [gateway] is "old"; ` +
      `\`nym-gateway relocate --id new\` sets it right, --config ${configPath} says that it is meant\n`,
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
  assertStringIncludes((await nymGateway("relocate --id new", env)).stdout, "means its own home already");
});

Deno.test("a home that lies elsewhere now is noticed; one that a link leads to is the same", async () => {
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
