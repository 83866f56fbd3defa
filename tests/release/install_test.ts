import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { ExitCode } from "../../src/errors/operator_error.ts";
import { sha256Sums } from "../../scripts/release/checksums.ts";
import { publicKeyOf, setReleaseKey, sign } from "../../scripts/release/signing.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const SCRIPTS = join(import.meta.dirname!, "..", "..", "scripts");
const INSTALL = join(SCRIPTS, "install.sh");
const SYSTEMD_UNIT = join(SCRIPTS, "packaging", "systemd", "nym-gateway.service");
const OPENRC_SCRIPT = join(SCRIPTS, "packaging", "openrc", "nym-gateway");

const UNIT = "etc/systemd/system/nym-gateway.service";
const PROGRAM = "usr/local/bin/nym-gateway";

interface Outcome {
  code: number;
  output: string;
}

async function run(program: string, ...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** Runs install.sh with --root. */
function install(root: TemporaryFolder, ...args: string[]): Promise<Outcome> {
  return run("sh", INSTALL, "--root", root.path, ...args);
}

/** A folder like that of `deno task release`, with a script as the program. */
async function release(): Promise<TemporaryFolder> {
  const folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.file("nym-gateway-x"), "#!/bin/sh\necho 1\n");
  Deno.copyFileSync(SYSTEMD_UNIT, folder.file("nym-gateway.service"));
  Deno.copyFileSync(OPENRC_SCRIPT, folder.file("nym-gateway.openrc"));
  Deno.writeTextFileSync(folder.file("SHA256SUMS"), await sha256Sums(folder.path));
  return folder;
}

/** A test that needs a program; skipped, with a note, if it is missing. */
function toolTest(tool: string, name: string, fn: () => Promise<void>): void {
  const isHere = (Deno.env.get("PATH") ?? "").split(":").some((folder) => isFile(join(folder, tool)));
  Deno.test({ name: isHere ? name : `${name} (skipped: there is no ${tool})`, ignore: !isHere, fn });
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

toolTest("sh", "a release is installed into --root: program, unit, state folder", async () => {
  using files = await release();
  using root = new TemporaryFolder();
  const { code, output } = await install(root, "--binary", files.file("nym-gateway-x"), "--service", "systemd");
  assertEquals(code, 0, output);
  assertEquals(Deno.readTextFileSync(root.file(PROGRAM)), "#!/bin/sh\necho 1\n");
  assertEquals(Deno.statSync(root.file(PROGRAM)).mode! & 0o777, 0o755);
  assertEquals(Deno.readTextFileSync(root.file(UNIT)), Deno.readTextFileSync(SYSTEMD_UNIT));
  assertEquals(Deno.statSync(root.file("var/lib/nym-gateway")).mode! & 0o777, 0o700);
});

toolTest(
  "sh",
  "with a restrictive umask, all users may still run the program, and only its user may read its state",
  async () => {
    using files = await release();
    using root = new TemporaryFolder();
    const line = `umask 077; sh ${INSTALL} --root ${root.path} --binary ${
      files.file("nym-gateway-x")
    } --service systemd`;
    assertEquals((await run("sh", "-c", line)).code, 0);
    const modes = ["usr/local/bin", PROGRAM, "etc/systemd/system", UNIT, "var/lib/nym-gateway"].map((path) =>
      (Deno.statSync(root.file(path)).mode! & 0o777).toString(8)
    );
    assertEquals(modes, ["755", "755", "755", "644", "700"]);
  },
);

toolTest("sh", "the template units take a node's id, and otherwise equal the unit", async () => {
  using files = await release();
  using root = new TemporaryFolder();
  await install(root, "--binary", files.file("nym-gateway-x"), "--service", "systemd");
  const lines = Deno.readTextFileSync(root.file(UNIT)).split("\n");
  const template = Deno.readTextFileSync(root.file(UNIT.replace("gateway.", "gateway@."))).split("\n");
  assertEquals(template.filter((line) => !lines.includes(line)), [
    "Description=Nym gateway %i",
    "ExecStart=/usr/local/bin/nym-gateway run --id %i",
    "ExecReload=/usr/local/bin/nym-gateway reload --id %i",
  ]);
  assertEquals(lines.filter((line) => !template.includes(line)), [
    "Description=Nym gateway",
    "Environment=NYM_GATEWAY_ID=gateway",
    "ExecStart=/usr/local/bin/nym-gateway run --id ${NYM_GATEWAY_ID}",
    "ExecReload=/usr/local/bin/nym-gateway reload --id ${NYM_GATEWAY_ID}",
  ]);
  for (const kind of ["mixnode", "directory"]) {
    const own = Deno.readTextFileSync(root.file(`etc/systemd/system/nym-${kind}@.service`)).split("\n");
    assertEquals(own.filter((line) => !template.includes(line)), [
      `Description=Nym ${kind} %i`,
      `ExecStart=/usr/local/bin/nym-gateway ${kind} run --id %i`,
      `ExecReload=/usr/local/bin/nym-gateway ${kind} reload --id %i`,
    ]);
    assertEquals(own.length, template.length);
  }
});

Deno.test("the service restarts without limit, except after errors that only the operator can fix", () => {
  const settings = Deno.readTextFileSync(SYSTEMD_UNIT).split("\n");
  for (const setting of ["StartLimitIntervalSec=0", "Restart=on-failure", "RestartSec=5"]) {
    assert(settings.includes(setting), setting);
  }
  assert(settings.some((line) => /^After=.*time-sync\.target/.test(line)));
  const [given = ""] = settings.filter((line) => line.startsWith("RestartPreventExitStatus="));
  const { UNAVAILABLE, SOFTWARE, INPUT_OUTPUT } = ExitCode; // a port, an address or a clock; a crash; a disk
  for (const code of [1, UNAVAILABLE, SOFTWARE, INPUT_OUTPUT]) assert(!given.includes(`${code}`), `${code}`);
  for (const code of [ExitCode.USAGE, ExitCode.CONFIGURATION]) assertStringIncludes(given, `${code}`);
});

toolTest("sh", "the unit runs the program in --prefix; OpenRC gets its script", async () => {
  using files = await release();
  using root = new TemporaryFolder();
  const binary = ["--binary", files.file("nym-gateway-x"), "--prefix", "/opt/nym/"];
  await install(root, ...binary, "--service", "systemd");
  assertStringIncludes(Deno.readTextFileSync(root.file(UNIT)), "ExecStart=/opt/nym/bin/nym-gateway run ");
  await install(root, ...binary, "--service", "openrc");
  assertStringIncludes(
    Deno.readTextFileSync(root.file("etc/init.d/nym-gateway")),
    "command=/opt/nym/bin/nym-gateway\n",
  );
});

toolTest("sh", "the OpenRC script runs the node that its name says", async () => {
  const nodes = {
    "nym-gateway": " run --id gateway gateways/gateway",
    "nym-gateway.second": " run --id second gateways/second",
    "nym-mixnode.mist.1": "mixnode run --id mist.1 mixnodes/mist.1",
    "nym-directory.attic": "directory run --id attic directories/attic",
  };
  for (const [name, expected] of Object.entries(nodes)) {
    const line = `RC_SVCNAME=${name}; . ${OPENRC_SCRIPT}; echo "$command_args \${required_dirs#/var/lib/nym-gateway/}"`;
    assertEquals(await run("sh", "-c", line), { code: 0, output: `${expected}\n` });
  }
});

toolTest("sh", "an upgrade replaces the program and keeps the gateway's files", async () => {
  using files = await release();
  using root = new TemporaryFolder();
  const args = ["--binary", files.file("nym-gateway-x"), "--service", "systemd"];
  await install(root, ...args);
  Deno.writeTextFileSync(root.file("var/lib/nym-gateway/key"), "secret");
  Deno.writeTextFileSync(files.file("nym-gateway-x"), "#!/bin/sh\necho 2\n");
  assertEquals((await install(root, ...args, "--no-verify")).code, 0);
  assertEquals(Deno.readTextFileSync(root.file(PROGRAM)), "#!/bin/sh\necho 2\n");
  const enabled = root.file("etc/systemd/system/multi-user.target.wants");
  Deno.mkdirSync(enabled);
  Deno.symlinkSync("/etc/systemd/system/nym-gateway.service", join(enabled, "nym-gateway.service"));
  const { output } = await install(root, "--uninstall");
  assertEquals([...Deno.readDirSync(enabled)], [], "no link to a removed unit");
  assertStringIncludes(output, "Kept: /var/lib/nym-gateway");
  assert(!isFile(root.file(PROGRAM)) && !isFile(root.file(UNIT)));
  assertEquals(Deno.readTextFileSync(root.file("var/lib/nym-gateway/key")), "secret");
});

toolTest("sh", "links in the root are not written through, and a masked unit stays masked", async () => {
  using files = await release();
  using root = new TemporaryFolder();
  using outside = new TemporaryFolder();
  Deno.mkdirSync(outside.file("dev"));
  for (const folder of ["usr/local/bin", "etc/systemd/system"]) Deno.mkdirSync(root.file(folder), { recursive: true });
  const masked = "etc/systemd/system/nym-mixnode@.service";
  const links = [`${PROGRAM}.new`, PROGRAM, `${UNIT}.new`, UNIT, "etc/systemd/system/nym-gateway@.service"];
  const targets = [...links.map((_, i) => outside.file(`${i}`)), outside.file("dev/null")];
  for (const [i, target] of targets.entries()) {
    Deno.writeTextFileSync(target, "secret", { mode: 0o600 });
    Deno.symlinkSync(target, root.file([...links, masked][i]!));
  }
  const { code, output } = await install(root, "--binary", files.file("nym-gateway-x"), "--service", "systemd");
  assertEquals(code, 0, output);
  for (const target of targets) {
    assertEquals([Deno.readTextFileSync(target), Deno.statSync(target).mode! & 0o777], ["secret", 0o600]);
  }
  for (const file of [PROGRAM, UNIT, links.at(-1)!]) assert(Deno.lstatSync(root.file(file)).isFile, file);
  assertEquals(Deno.readLinkSync(root.file(masked)), targets.at(-1));
  assertStringIncludes(output, "Note: /etc/systemd/system/nym-mixnode@.service is masked");
  const left = ["usr/local/bin", "etc/systemd/system"].flatMap((folder) => [...Deno.readDirSync(root.file(folder))]);
  assertEquals(left.filter(({ name }) => name.startsWith(".")), [], "no unfinished file");
  assertEquals((await install(root, "--uninstall")).code, 0);
  assertEquals(Array.from(Deno.readDirSync(root.file("etc/systemd/system")), ({ name }) => name).sort(), [
    "nym-gateway.service.new",
    "nym-mixnode@.service",
  ]);
});

toolTest(
  "sh",
  "folders of the root may be links within it, and nothing is changed through those that lead out",
  async () => {
    using files = await release();
    const args = ["--binary", files.file("nym-gateway-x"), "--service", "systemd"];
    for (const folder of ["usr", "usr/local/bin", "etc/systemd/system", "var/lib/nym-gateway"]) {
      using root = new TemporaryFolder();
      using outside = new TemporaryFolder();
      const kept = outside.file("nym-gateway.service");
      Deno.writeTextFileSync(kept, "kept");
      Deno.chmodSync(outside.path, 0o755);
      Deno.mkdirSync(join(root.file(folder), ".."), { recursive: true });
      Deno.symlinkSync(outside.path, root.file(folder));
      const uninstalls = folder === "etc/systemd/system" ? [["--uninstall"]] : [];
      for (const each of [args, ...uninstalls]) {
        const { code, output } = await install(root, ...each);
        assertEquals(code, 1, output);
        assertStringIncludes(output, `leads out of ${root.path}, to `);
      }
      assertEquals(Array.from(Deno.readDirSync(outside.path), ({ name }) => name), ["nym-gateway.service"]);
      assertEquals([Deno.readTextFileSync(kept), Deno.statSync(outside.path).mode! & 0o777], ["kept", 0o755]);
    }
    using root = new TemporaryFolder();
    Deno.mkdirSync(root.file("data"));
    Deno.symlinkSync("data", root.file("usr"));
    const { code, output } = await install(root, ...args);
    assertEquals(code, 0, output);
    assert(isFile(root.file("data/local/bin/nym-gateway")));
  },
);

toolTest("sh", "a file that does not match SHA256SUMS is not installed", async () => {
  using files = await release();
  using root = new TemporaryFolder();
  const args = ["--binary", files.file("nym-gateway-x"), "--service", "systemd"];
  Deno.writeTextFileSync(files.file("nym-gateway-x"), "#!/bin/sh\necho evil\n");
  const damaged = await install(root, ...args);
  assertEquals(damaged.code, 1);
  assertStringIncludes(damaged.output, "nothing was installed");
  Deno.writeTextFileSync(files.file("SHA256SUMS"), "");
  assertStringIncludes((await install(root, ...args)).output, "does not list nym-gateway-x");
  assertEquals([...Deno.readDirSync(root.path)], []);
});

toolTest("ssh-keygen", "with a release key, only files signed with it are installed", async () => {
  using files = await release();
  using root = new TemporaryFolder();
  using keys = new TemporaryFolder();
  const [key, other] = [keys.file("key"), keys.file("other")];
  for (const file of [key, other]) await run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a b", "-f", file);
  const binary = ["--binary", files.file("nym-gateway-x"), "--service", "systemd"];
  const args = [...binary, "--release-key", `${key}.pub`];
  const sums = files.file("SHA256SUMS");
  const refused = async (reason: string, ...args: string[]) => {
    const { code, output } = await install(root, ...args);
    assertEquals(code, 1, output);
    assertStringIncludes(output, reason);
    assertEquals([...Deno.readDirSync(root.path)], []);
  };
  await refused("is not signed", ...args);
  await sign(sums, other);
  await refused("is not a signature", ...args);
  Deno.removeSync(`${sums}.sig`);
  await run("ssh-keygen", "-Y", "sign", "-f", key, "-n", "file", sums); // with that key, but in another namespace
  await refused("is not a signature", ...args);
  Deno.removeSync(`${sums}.sig`);
  await sign(sums, key);
  const listed = Deno.readTextFileSync(sums);
  Deno.writeTextFileSync(sums, `${listed}0  more\n`);
  await refused("is not a signature", ...args);
  Deno.writeTextFileSync(sums, listed);
  const { code, output } = await install(root, ...args);
  assertEquals(code, 0, output);

  // The install.sh of a signed release knows the key itself.
  using elsewhere = new TemporaryFolder();
  for (const [known, code] of [[other, 1], [key, 0]] as const) {
    Deno.copyFileSync(INSTALL, files.file("install.sh"));
    await setReleaseKey(files.path, await publicKeyOf(known));
    const own = await run("sh", files.file("install.sh"), "--root", elsewhere.path, ...binary);
    assertEquals(own.code, code, own.output);
  }
});

toolTest("sh", "a program is fetched over https only, outside of a root", async () => {
  let asked = 0;
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    asked++;
    return new URL(request.url).pathname === "/moved"
      ? Response.redirect(new URL("/other", request.url))
      : new Response("#!/bin/sh\n");
  });
  const address = `http://127.0.0.1:${server.addr.port}`;
  const plain = await run("sh", INSTALL, "--service", "none", "--url", `${address}/x`);
  assertStringIncludes(plain.output, "is not https");
  assertEquals([plain.code, asked], [1, 0]);
  using root = new TemporaryFolder();
  const moved = await install(root, "--service", "none", "--url", `${address}/moved`); // a redirect that is not https
  assertStringIncludes(moved.output, `cannot download ${address}/moved`);
  assertEquals([moved.code, asked], [1, 1]);
});

toolTest("sh", "invalid arguments are refused", async () => {
  using root = new TemporaryFolder();
  const refused = {
    "--binary": "needs a value",
    "--bin x": "unknown option --bin",
    "--prefix a --binary b": "absolute",
    "--prefix /opt/a&b --binary b": "may only contain",
  };
  for (const [line, reason] of Object.entries(refused)) {
    const { code, output } = await install(root, ...line.split(" "));
    assertEquals(code, 1);
    assertStringIncludes(output, reason);
  }
});

/** Runs lines of sh as root in a copy of this machine, whose changes are discarded. */
function onThisMachine(lines: string): Promise<Outcome> {
  const script = `set -e
    mount -t tmpfs tmpfs /mnt
    cd /mnt
    mkdir upper work root
    mount -t overlay overlay -o "lowerdir=/,upperdir=$PWD/upper,workdir=$PWD/work" root
    mount --rbind /dev root/dev
    chroot root sh -c "$1"`;
  return run("unshare", "--mount", "sh", "-c", script, "sh", lines);
}

const canLayer = Deno.build.os === "linux" && (await onThisMachine("true").catch(() => ({ code: 1 }))).code === 0;

Deno.test({
  name: "on a machine, install.sh creates a user, upgrades, and refuses a program that does not run" +
    (canLayer ? "" : " (skipped: this user may not mount)"),
  ignore: !canLayer,
  fn: async () => {
    using files = await release();
    const install = `sh ${INSTALL} --service systemd --no-verify --binary`;
    const program = "#!/bin/sh\\n[ $1 = man ] && echo .TH || echo 1";
    const { code, output } = await onThisMachine(`set -e
      cp -r ${files.path} /files && cd /files && chmod -R a+rX .
      printf '${program}\n' > nym-gateway-x
      ${install} nym-gateway-x
      stat --format '%U %a' /var/lib/nym-gateway
      cat /usr/local/share/man/man1/nym-gateway.1
      mkdir -p /var/lib/nym-gateway/gateways
      ${install} nym-gateway-x | tail -n 3
      mkdir -p /var/lib/nym-gateway/mixnodes/mist
      ${install} nym-gateway-x
      printf 'exit 3' > broken
      ! ${install} broken || exit 9
      ls /usr/local/bin | grep nym-gateway
      nym-gateway --version
      printf '#!/bin/sh\necho systemd 254 x' > /usr/local/bin/systemctl && chmod +x /usr/local/bin/systemctl
      PATH=/usr/local/bin:$PATH ${install} nym-gateway-x | tail -n 1
      cat /etc/systemd/system/nym-gateway@.service.d/*
      rm /usr/local/bin/systemctl
      sh ${INSTALL} --service systemd --uninstall
      ls -d /etc/systemd/system/nym-* 2>/dev/null || true
      ls /usr/local/bin /usr/local/share/man/man1 | grep nym-gateway || id -un nym-gateway`);
    assertEquals(code, 0, output);
    const lines = output.split("\n").filter((line) => line !== "");
    const installed =
      "Installed /usr/local/bin/nym-gateway and /etc/systemd/system/nym-gateway.service; its files are in " +
      "/var/lib/nym-gateway.";
    assertEquals(lines.slice(0, 2), ["Created the user nym-gateway.", installed]);
    assertStringIncludes(lines[3]!, "init --id gateway");
    assertEquals(lines[4], "    /usr/local/bin/nym-gateway check");
    const others = lines.slice(6, 9);
    assertStringIncludes(others[1]!, "mixnode init --id <word>");
    assertStringIncludes(others[2]!, "directory init --id <word>");
    const restart =
      "    systemctl daemon-reload && systemctl try-restart 'nym-gateway*' 'nym-mixnode@*' 'nym-directory@*'";
    assertEquals(lines.slice(9), [
      "nym-gateway 700",
      ".TH",
      ...others, // no node has been created
      installed,
      "To switch what is running to the new version:", // a mixnode has
      restart,
      "nym-gateway",
      "1",
      restart,
      "[Service]",
      "RestartSteps=8",
      "RestartMaxDelaySec=120",
      "Removed /usr/local/bin/nym-gateway and its service.",
      "Kept: /var/lib/nym-gateway with keys, configuration and messages, and the user nym-gateway.",
      "nym-gateway",
      `install.sh: broken does not run on this machine (${
        (await run("uname", "-sm")).output.trim()
      }); nothing was installed`,
    ]);
  },
});

toolTest("shellcheck", "shellcheck finds no mistakes in install.sh", async () => {
  assertEquals(await run("shellcheck", INSTALL), { code: 0, output: "" });
});

toolTest("systemd-analyze", "systemd accepts the unit and rates its exposure as low", async () => {
  using folder = new TemporaryFolder();
  const unit = folder.file("nym-gateway.service");
  using files = await release();
  using root = new TemporaryFolder();
  await install(root, "--binary", files.file("nym-gateway-x"), "--service", "systemd");
  const units = [
    ["nym-gateway", "nym-gateway"],
    ["nym-gateway@", "nym-gateway@second"],
    ["nym-mixnode@", "nym-mixnode@mist"],
    ["nym-directory@", "nym-directory@attic"],
  ];
  for (const [name, as] of units) {
    const text = Deno.readTextFileSync(root.file(`etc/systemd/system/${name}.service`));
    const file = folder.file(`${as}.service`);
    Deno.writeTextFileSync(file, text.replaceAll("/usr/local/bin/nym-gateway", "/bin/sh")); // which must exist
    assertEquals(await run("systemd-analyze", "verify", "--man=no", file), { code: 0, output: "" });
  }
  const { output } = await run("systemd-analyze", "security", "--offline=true", "--no-pager", unit);
  const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(output)![1]);
  assert(exposure < 1.5, `${exposure}`);
});
