import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { ControlSocket } from "../../src/cli/running/control.ts";
import { exists } from "../../src/config/files.ts";
import { eventually } from "../support/eventually.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { NamedPipe } from "../support/named_pipe.ts";
import { Operator } from "../support/operator.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const ignore = Deno.build.os === "windows";

/** A gateway that has not been started, with an operator's endpoint. */
async function newGateway(): Promise<{ gateway: GatewayProcess; operator: Operator }> {
  const gateway = await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY);
  const address = `127.0.0.1:${quietPort()}`;
  gateway.configure(({ operator }) => operator.listeningAddress = address);
  return { gateway, operator: new Operator(address) };
}

/** Starts it, and waits until it accepts commands. */
async function start(gateway: GatewayProcess): Promise<void> {
  const path = gateway.path("config/config.toml.running");
  await Deno.remove(path).catch(() => {}); // left over from one that was killed
  await gateway.start();
  await eventually("it accepts commands", () => exists(path) && Deno.readTextFileSync(path).endsWith("\n"));
}

Deno.test({
  name: "a running gateway reloads on request; if it refuses the file, reload says so, and status until that is fixed",
  ignore,
  fn: async () => {
    const made = await newGateway();
    await using gateway = made.gateway;
    const { operator } = made;
    await start(gateway);
    const path = gateway.path("config/config.toml");
    const good = (await Deno.readTextFile(path)).replace("login_deadline = 10000", "login_deadline = 9000");
    await Deno.writeTextFile(path, good.replace("presence_sending_delay = 1500", "presence_sending_delay = 1400"));
    assertEquals(await gateway.carryOut("reload"), {
      code: 0,
      stdout: " Changed: [limits] login_deadline.\n In force only after a restart: [debug] presence_sending_delay.\n",
      stderr: "",
    });

    await Deno.writeTextFile(path, good.replace("login_deadline = 9000", 'login_deadline = "soon"'));
    const refused = await gateway.carryOut("reload");
    assertEquals([refused.code, refused.stdout], [78, ""]);
    assertMatch(refused.stderr, /^ ?error: .*config\.toml.*login_deadline/);
    assertEquals(await operator.metric("config_last_reload_successful"), 0);
    assertMatch((await operator.readiness()).text, /config +refused at .*: .*login_deadline/);
    const status = await gateway.carryOut("status");
    assertEquals([status.code, status.stderr], [0, ""], "it does not need a good file");
    assertStringIncludes(status.stdout, "login_deadline");

    await Deno.writeTextFile(path, "= not TOML");
    Deno.kill(gateway.pid, "SIGHUP");
    await operator.says(/line 1/);
    assertEquals((await gateway.carryOut("reload")).code, 78);

    await Deno.remove(path);
    {
      await using _pipe = new NamedPipe(path, "read");
      Deno.kill(gateway.pid, "SIGHUP");
      await eventually(
        "refuses it",
        () => gateway.log.includes("config.toml is a named pipe, not a file; the previous"),
      );
    }
    await Deno.remove(path);
    assertEquals((await gateway.carryOut("reload")).code, 66, "it has lost its file");
    assertStringIncludes((await gateway.carryOut("status")).stdout, "there is no such file");

    await Deno.writeTextFile(path, good);
    const fixed = await gateway.carryOut("reload");
    assertEquals([fixed.code, fixed.stdout], [0, " Nothing has changed.\n"]);
    assertEquals(await operator.metric("config_last_reload_successful"), 1);
    assertMatch((await operator.readiness()).text, /^ok +config/m);
  },
});

Deno.test({
  name: "a gateway's notes for commands are for its user alone, and are removed when it stops",
  ignore,
  fn: async () => {
    const { gateway: made } = await newGateway();
    await using gateway = made;
    const files = () => [...Deno.readDirSync(gateway.path("config"))].map(({ name }) => name).sort();
    await start(gateway);
    assertEquals(files(), ["config.toml", "config.toml.running", "config.toml.socket"]);
    for (const name of files()) assertEquals(Deno.statSync(gateway.path(`config/${name}`)).mode! & 0o777, 0o600, name);
    await gateway.stop("SIGKILL");
    const { code, stderr } = await gateway.carryOut("reload");
    assertEquals(code, 69);
    assertStringIncludes(stderr, "it is not running");
    await start(gateway);
    assertEquals((await gateway.carryOut("reload")).code, 0, "leftovers of a killed gateway are replaced");
    await gateway.stop();
    assertEquals(files(), ["config.toml"]);
    assertEquals((await gateway.carryOut("reload")).code, 69);
  },
});

Deno.test({
  name: "a socket whose path would be too long for the system is elsewhere, and is removed when the gateway stops",
  ignore,
  fn: async () => {
    using folder = new TemporaryFolder();
    const home = folder.file("x".repeat(120));
    Deno.mkdirSync(home);
    const control = ControlSocket.open(join(home, "config.toml"), () => ({ taken: [], left: [] }))!;
    assert(Deno.lstatSync(control.path).isSocket);
    await control[Symbol.asyncDispose]();
    assertEquals([...Deno.readDirSync(home)].length, 0);
  },
});
