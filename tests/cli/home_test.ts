import { assertEquals, assertThrows } from "@std/assert";
import { findHome } from "../../src/cli/homes/home.ts";
import { GATEWAY_ROLE } from "../../src/cli/role.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { nymGateway } from "./program.ts";

const INIT = "--mix-host 127.0.0.1 --clients-host 127.0.0.1";

function make(home: string, ...ids: string[]): void {
  for (const id of ids) {
    Deno.mkdirSync(`${home}/gateways/${id}/config`, { recursive: true });
    Deno.writeTextFileSync(`${home}/gateways/${id}/config/config.toml`, "");
  }
}

Deno.test({
  name: "gateways are searched in NYM_HOME alone if it is set, otherwise in the user's home and then in the service's",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    using folder = new TemporaryFolder();
    const [user, service] = [folder.file("user"), folder.file("service")];
    const pathOf = (variables: Record<string, string>, id?: string) =>
      findHome(GATEWAY_ROLE, id === undefined ? {} : { id }, service, new Map(Object.entries(variables))).configPath;
    const inService = (id: string) => `${service}/gateways/${id}/config/config.toml`;
    make(service, "gateway");
    const HOME = user;
    assertEquals([pathOf({ HOME }), pathOf({ HOME }, "gateway")], [inService("gateway"), inService("gateway")]);
    make(`${user}/.nym`, "mine", "gateway");
    assertEquals(pathOf({ HOME }, "gateway"), `${user}/.nym/gateways/gateway/config/config.toml`);
    assertEquals(findHome(GATEWAY_ROLE, { config: "/a" }), { id: undefined, configPath: "/a" });
    assertEquals(pathOf({}), inService("gateway"));
    const NYM_HOME = folder.file("else");
    assertThrows(() => pathOf({ NYM_HOME, HOME }, "gateway"), OperatorError, "There is no gateway gateway yet");
    make(NYM_HOME, "other");
    assertEquals(pathOf({ NYM_HOME, HOME }), `${NYM_HOME}/gateways/other/config/config.toml`);
  },
});

Deno.test("with one gateway --id may be left out; with several, or for an unknown one, they are listed", async () => {
  using folder = new TemporaryFolder();
  const env = { NYM_HOME: folder.path };
  const path = (id: string) => `${folder.path}/gateways/${id}/config/config.toml`;
  const none = await nymGateway("status", env);
  assertEquals(none.code, 66);
  assertEquals(none.stderr.includes("create it with `nym-gateway init --id <word> --mix-host"), true, none.stderr);
  await nymGateway(`init --id one ${INIT}`, env);
  assertEquals(JSON.parse((await nymGateway("node-details --output json", env)).stdout).id, "one");
  await nymGateway(`init --id two ${INIT}`, env);
  const list = `one (${path("one")}), two (${path("two")})`;
  const several = await nymGateway("node-details", env);
  assertEquals([several.code, several.stderr], [
    64,
    `error: There are several gateways; give --id for one of them: ${list}\n`,
  ]);
  const other = await nymGateway("run --id three", env);
  assertEquals([other.code, other.stderr], [66, `error: There is no gateway three, only ${list}\n`]);
});

Deno.test("a home that exists is found by any name that 0.7.0 took for an id, and never outside of its folder", async () => {
  using folder = new TemporaryFolder();
  const named = (id: string) => findHome(GATEWAY_ROLE, { id }, undefined, new Map([["NYM_HOME", folder.path]]));
  const names = ["my@gw", "my gateway", "a".repeat(100)];
  const others = [".importing-gw", "a\nb", "$(a)", "-a"];
  make(folder.path, ...names, ...others);
  make(folder.file("gateways/my@gw"), "inside");
  for (const id of names) {
    assertEquals(named(id), { id, configPath: `${folder.path}/gateways/${id}/config/config.toml` });
  }
  for (const id of ["my@gw/gateways/inside", "../gateways/my@gw", "..", "no@gw", "", ...others]) {
    assertThrows(() => named(id), OperatorError, "is not one word");
  }
  assertThrows(() => named("other"), OperatorError, "There is no gateway other, only aaa");
  assertEquals((await nymGateway(`init --id other@gw ${INIT}`, { NYM_HOME: folder.path })).code, 64);
});

Deno.test("an id that systemd has escaped for the name of a unit is the node's", () => {
  using folder = new TemporaryFolder();
  const named = (id: string) => findHome(GATEWAY_ROLE, { id }, undefined, new Map([["NYM_HOME", folder.path]])).id;
  make(folder.path, "münchen-1", "my gateway", "5%41");
  assertEquals(["m\\xc3\\xbcnchen-1", "my\\x20gateway", "5\\x2541"].map(named), ["münchen-1", "my gateway", "5%41"]);
  for (const id of ["m\\xc3nchen", "..\\x2fgateways\\x2fmünchen-1"]) {
    assertThrows(() => named(id), OperatorError, "one word");
  }
});

Deno.test("with --config alone, the file says which gateway it is", async () => {
  using folder = new TemporaryFolder();
  await nymGateway(`init --id one ${INIT}`, { NYM_HOME: folder.path });
  const config = `${folder.path}/gateways/one/config/config.toml`;
  const { code, stdout } = await nymGateway(`run --config ${config}`, { NYM_HOME: folder.file("empty") });
  assertEquals([code, stdout.includes("Starting gateway one...")], [0, true]);
});

Deno.test("a gateway that has lost its config.toml is found, and nobody is told to create it again", async () => {
  using folder = new TemporaryFolder();
  const env = { NYM_HOME: folder.path };
  await nymGateway(`init --id one ${INIT}`, env);
  const config = folder.file("gateways/one/config/config.toml");
  await Deno.remove(config);
  for (const command of ["run", "run --id one", "status"]) {
    const { code, stderr } = await nymGateway(command, env);
    assertEquals([code, stderr], [66, `error: Cannot read ${config}: there is no such file or folder\n`]);
  }
  make(folder.path, "two");
  assertEquals(findHome(GATEWAY_ROLE, {}, undefined, new Map([["NYM_HOME", folder.path]])).id, "two");
});
