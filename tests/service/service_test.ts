import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { ExitCode } from "../../src/errors/operator_error.ts";
import { BINARY, binaryTest } from "../binary/binary.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { Machine, missingForMachine } from "./machine.ts";

const SCRIPTS = join(import.meta.dirname!, "..", "..", "scripts");
/** The machine's address, in its own network. */
const HOST = "5.6.7.8";

const STATE = "/var/lib/nym-gateway";
const CONFIG = `${STATE}/gateways/gateway/config/config.toml`;
const DATA = `${STATE}/gateways/gateway/data`;

/** Restarts by systemd, every five seconds: about a minute. */
const RESTARTS = 10;

const missing = BINARY === "" ? undefined : await missingForMachine();

/** What install.sh needs: itself, the program and the unit. */
function release(binary: string): TemporaryFolder {
  const folder = new TemporaryFolder();
  Deno.copyFileSync(binary, folder.file("nym-gateway"));
  Deno.copyFileSync(join(SCRIPTS, "install.sh"), folder.file("install.sh"));
  Deno.copyFileSync(join(SCRIPTS, "packaging/systemd/nym-gateway.service"), folder.file("nym-gateway.service"));
  Deno.chmodSync(folder.path, 0o755);
  return folder;
}

/** A directory in the machine's network. */
async function startDirectory(machine: Machine): Promise<AsyncDisposable & { url: string }> {
  const program = join(import.meta.dirname!, "directory_program.ts");
  const child = machine.spawnInItsNetwork(Deno.execPath(), "run", "--allow-net", program);
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value: url = "" } = await reader.read();
  return {
    url: url.trim(),
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await reader.cancel();
      await child.status;
    },
  };
}

/** The machine's only gateway as systemd, its journal and its operator see it. */
class Service {
  constructor(readonly machine: Machine) {}

  /** A property of the unit, as in `ActiveState`. */
  async property(name: string): Promise<string> {
    return (await this.machine.must(`systemctl show --property ${name} --value nym-gateway`)).trim();
  }

  /** Resolves once a property matches. */
  async becomes(name: string, pattern: RegExp, within = 60_000): Promise<void> {
    const line = `systemctl show --property ${name} --value nym-gateway`;
    await this.machine.eventually(`${name} is ${pattern}`, line, pattern, within);
  }

  /** What it has logged with this priority or a higher one. */
  journal(priority: string): Promise<string> {
    return this.machine.must(`journalctl --unit nym-gateway --priority ${priority} --output cat`);
  }

  /** Resolves once `nym-gateway status` prints this, whatever its exit code. */
  async says(pattern: RegExp): Promise<void> {
    await this.machine.eventually(`status says ${pattern}`, "nym-gateway status || true", pattern);
  }

  /** A line of /metrics. */
  async metric(name: string): Promise<string> {
    const request = `printf 'GET /metrics HTTP/1.0\\r\\nHost: 127.0.0.1\\r\\n\\r\\n' >&3; cat <&3`;
    const answer = await this.machine.must(`bash -c "exec 3<>/dev/tcp/127.0.0.1/9001; ${request}"`);
    return answer.split("\n").find((line) => line.startsWith(`nym_gateway_${name} `)) ?? answer;
  }
}

binaryTest("the gateway as a service of systemd", async (binary, t) => {
  using files = release(binary);
  await using machine = await Machine.boot(files.path);
  await machine.must(`ip address add ${HOST}/32 dev lo`);
  await using directory = await startDirectory(machine);
  const service = new Service(machine);
  let init = "";
  let mixnodeInit = "";

  await t.step("after install.sh and init, check says that it is ready, and again while it runs", async () => {
    const printed = await machine.must("sh /files/install.sh --binary /files/nym-gateway --no-verify");
    const command = (pattern: RegExp) =>
      pattern.exec(printed)![1]!.replaceAll("<ip>", HOST).replace("<url>", directory.url);
    init = command(/^ +(su .*nym-gateway init .*)$/m);
    mixnodeInit = command(/^ +(su .* mixnode init .*)$/m).replace("<word>", "mist").replace("<1, 2 or 3>", "1");
    await machine.must(init);
    assertMatch(await machine.must("nym-gateway check"), /^ Ready/m);
    await machine.must("systemctl daemon-reload && systemctl enable --now nym-gateway");
    assertEquals(await service.property("ActiveState"), "active");
    await service.says(/^ ok +directory +lists 3 mixnodes/m);
    assertMatch(await machine.must("nym-gateway check"), /^ Ready/m);
    await service.becomes("StatusText", /^0 clients online, 0 messages stored/);
  });

  await t.step("a reload of a bad file is refused and shown everywhere, and the gateway serves on", async () => {
    const process = await service.property("MainPID");
    await machine.must(
      `cp -a ${CONFIG} /root/good && sed -i 's/^minimum_free_disk.*/minimum_free_disk = "much"/' ${CONFIG}`,
    );
    assertNotEquals((await machine.run("systemctl reload nym-gateway")).code, 0);
    const { code, output } = await machine.run("nym-gateway reload");
    assertEquals(code, ExitCode.CONFIGURATION, output);
    assertStringIncludes(output, '"minimum_free_disk" in [limits]');
    await service.says(/^ warn +config +refused at .*the previous configuration stays in force/m);
    assertEquals(await service.metric("config_last_reload_successful"), "nym_gateway_config_last_reload_successful 0");
    const warnings = (await service.journal("warning")).split("\n");
    assert(warnings.some((line) => /^ERROR .*"minimum_free_disk".*stays in force$/.test(line)), warnings.join("\n"));
    assert(!warnings.some((line) => line.startsWith("INFO")), warnings.join("\n"));
    await service.becomes("StatusText", /last warning at .*minimum_free_disk/);
    await machine.must(`mv /root/good ${CONFIG} && systemctl reload nym-gateway`);
    assertEquals(await service.metric("config_last_reload_successful"), "nym_gateway_config_last_reload_successful 1");
    assertEquals([await service.property("MainPID"), await service.property("ActiveState")], [process, "active"]);
  });

  await t.step("it comes back after a crash, and once a port is free that was taken for a minute", async () => {
    await machine.must("systemctl kill --signal KILL nym-gateway");
    await service.becomes("NRestarts", /^1$/);
    await service.becomes("ActiveState", /^active$/);
    await machine.must("systemctl stop nym-gateway");
    const listen =
      `use IO::Socket; @s = IO::Socket::INET->new(LocalAddr => "${HOST}:1789", Listen => 1, ReuseAddr => 1) or die; sleep`;
    await machine.must(
      `systemd-run --quiet --unit squatter perl -e '${listen}' && systemctl start --no-block nym-gateway`,
    );
    await service.becomes("NRestarts", new RegExp(`^${RESTARTS}$`), 180_000);
    assertStringIncludes(await service.journal("notice"), `code=exited, status=${ExitCode.UNAVAILABLE}/`);
    assertMatch(await service.journal("err"), /5\.6\.7\.8:1789.*listening_address in \[mixnet_endpoint\]/);
    await machine.must("systemctl stop squatter");
    await service.becomes("ActiveState", /^active$/);
  });

  await t.step("it serves on with a full disk, starts with one, and is well once there is room", async () => {
    await machine.must(`systemctl stop nym-gateway
      sed -i 's/^minimum_free_disk.*/minimum_free_disk = 16000000/' ${CONFIG}
      cp -a ${DATA} /root/data
      mount -t tmpfs -o size=64m,mode=700,uid=$(id -u nym-gateway),gid=$(id -g nym-gateway) tmpfs ${DATA}
      cp -a /root/data/. ${DATA}
      systemctl start nym-gateway
      dd if=/dev/zero of=${DATA}/ballast bs=4096 2>/dev/null || true`);
    await service.says(/^ fail +space/m);
    assertEquals(await service.property("ActiveState"), "active");
    await service.becomes("StatusText", /space fails: only/);
    await machine.must("systemctl restart nym-gateway");
    await machine.must(`rm ${DATA}/ballast`);
    await service.becomes("ActiveState", /^active$/);
    await service.says(/^ ok +space/m);
    await machine.must(`systemctl stop nym-gateway && umount ${DATA}`);
  });

  await t.step("closing its terminal does not end a gateway that was started by hand", async () => {
    const second = init.replace("--id gateway", "--id second").replace(`--mix-host ${HOST}`, `--mix-host ${HOST}:1790`)
      .replace(`--clients-host ${HOST}`, `--clients-host ${HOST}:9010`);
    await machine.must(`${second}
      sed -i 's/127.0.0.1:9001/127.0.0.1:9002/' ${STATE}/gateways/second/config/config.toml
      systemd-run --quiet --unit terminal --property KillMode=process \
        script --quiet --command "runuser -u nym-gateway -- env NYM_HOME=${STATE} nym-gateway run --id second" /dev/null`);
    await machine.eventually("it serves", "nym-gateway status --id second");
    await machine.must("systemctl kill --kill-whom main --signal KILL terminal");
    await machine.eventually("the terminal is closed", "systemctl is-active terminal || true", /^(failed|inactive)/);
    await machine.eventually("it has been up for a while", "nym-gateway status --id second", /, up \d\d s/);
    await machine.must("kill $(pidof nym-gateway)");
    await machine.eventually("it has ended", "! pidof nym-gateway");
  });

  await t.step("the template runs several gateways, which are told apart by their ids", async () => {
    await machine.must("systemctl start nym-gateway && systemctl enable --now nym-gateway@second");
    assertMatch(await machine.must("nym-gateway status --id second"), /^ ok +mixnet +listening on 5\.6\.7\.8:1790/m);
    assertMatch(await machine.must("nym-gateway status --id gateway"), /^ ok +mixnet +listening on 5\.6\.7\.8:1789/m);
    const { code, output } = await machine.run("nym-gateway status");
    assertEquals(code, ExitCode.USAGE, output);
    assertMatch(output, /gateway.*second/);
  });

  await t.step("a mixnode runs beside them; after an upgrade, what runs is restarted, and nothing else", async () => {
    await machine.must(`${mixnodeInit.replace(HOST, `${HOST}:1791`)}
      systemctl stop nym-gateway@second && systemctl enable --now nym-mixnode@mist`);
    assertMatch(await machine.must("nym-gateway mixnode status"), /^ ok +mixnet +listening on 5\.6\.7\.8:1791/m);
    const processes = () =>
      machine.must("systemctl show --property MainPID --value nym-gateway nym-mixnode@mist nym-gateway@second");
    const before = (await processes()).split(/\n+/);
    const printed = await machine.must("sh /files/install.sh --binary /files/nym-gateway --no-verify");
    await machine.must(/^To switch .*\n +(systemctl .*)$/m.exec(printed)![1]!);
    const after = (await processes()).split(/\n+/);
    assertEquals(after.map((process, i) => process === before[i]), [false, false, true, true], after.join());
    assertEquals([before[2], after[2]], ["0", "0"], "it is stopped");
  });

  await t.step("install.sh removes it once it is stopped, and keeps its files", async () => {
    assertStringIncludes((await machine.run("sh /files/install.sh --uninstall")).output, "it is running");
    await machine.must("systemctl stop nym-gateway nym-mixnode@mist && sh /files/install.sh --uninstall");
    assertNotEquals((await machine.run("systemctl cat nym-gateway")).code, 0);
    await machine.must(`test -f ${CONFIG}`);
  });
}, { name: missing ?? "", isMet: missing === undefined });
