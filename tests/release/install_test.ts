import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { sha256Sums } from "../../scripts/release/checksums.ts";
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

/** Runs install.sh for a root of its own. */
function install(root: TemporaryFolder, ...args: string[]): Promise<Outcome> {
  return run("sh", INSTALL, "--root", root.path, ...args);
}

/** A folder as `deno task release` makes it, with a script for a program. */
async function release(): Promise<TemporaryFolder> {
  const folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.file("nym-gateway-x"), "#!/bin/sh\necho 1\n");
  Deno.copyFileSync(SYSTEMD_UNIT, folder.file("nym-gateway.service"));
  Deno.copyFileSync(OPENRC_SCRIPT, folder.file("nym-gateway.openrc"));
  Deno.writeTextFileSync(folder.file("SHA256SUMS"), await sha256Sums(folder.path));
  return folder;
}

/** A test that takes a program; where that is not, it is skipped and says so. */
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

toolTest("sh", "a release is installed into a root: program, unit, state folder", async () => {
  using files = await release();
  using root = new TemporaryFolder();
  const { code, output } = await install(root, "--binary", files.file("nym-gateway-x"), "--service", "systemd");
  assertEquals(code, 0, output);
  assertEquals(Deno.readTextFileSync(root.file(PROGRAM)), "#!/bin/sh\necho 1\n");
  assertEquals(Deno.statSync(root.file(PROGRAM)).mode! & 0o777, 0o755);
  assertEquals(Deno.readTextFileSync(root.file(UNIT)), Deno.readTextFileSync(SYSTEMD_UNIT));
  assertEquals(Deno.statSync(root.file("var/lib/nym-gateway")).mode! & 0o777, 0o700);
});

toolTest("sh", "the unit runs the program from where --prefix has put it; OpenRC gets its script", async () => {
  using files = await release();
  using root = new TemporaryFolder();
  const binary = ["--binary", files.file("nym-gateway-x"), "--prefix", "/opt/nym"];
  await install(root, ...binary, "--service", "systemd");
  assertStringIncludes(Deno.readTextFileSync(root.file(UNIT)), "ExecStart=/opt/nym/bin/nym-gateway run ");
  await install(root, ...binary, "--service", "openrc");
  assertStringIncludes(
    Deno.readTextFileSync(root.file("etc/init.d/nym-gateway")),
    "command=/opt/nym/bin/nym-gateway\n",
  );
});

toolTest("sh", "an upgrade replaces the program and leaves what the gateway has made", async () => {
  using files = await release();
  using root = new TemporaryFolder();
  const args = ["--binary", files.file("nym-gateway-x"), "--service", "systemd"];
  await install(root, ...args);
  Deno.writeTextFileSync(root.file("var/lib/nym-gateway/key"), "secret");
  Deno.writeTextFileSync(files.file("nym-gateway-x"), "#!/bin/sh\necho 2\n");
  assertEquals((await install(root, ...args, "--no-verify")).code, 0);
  assertEquals(Deno.readTextFileSync(root.file(PROGRAM)), "#!/bin/sh\necho 2\n");
  const { output } = await install(root, "--uninstall");
  assertStringIncludes(output, "Kept: /var/lib/nym-gateway");
  assert(!isFile(root.file(PROGRAM)) && !isFile(root.file(UNIT)));
  assertEquals(Deno.readTextFileSync(root.file("var/lib/nym-gateway/key")), "secret");
});

toolTest("sh", "what is not as SHA256SUMS lists it is not installed", async () => {
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

toolTest("sh", "arguments that make no sense are refused", async () => {
  using root = new TemporaryFolder();
  const refused = { "--binary": "needs a value", "--bin x": "there is no --bin", "--prefix a --binary b": "absolute" };
  for (const [line, reason] of Object.entries(refused)) {
    const { code, output } = await install(root, ...line.split(" "));
    assertEquals(code, 1);
    assertStringIncludes(output, reason);
  }
});

toolTest("shellcheck", "install.sh is portable and without the mistakes that shellcheck knows", async () => {
  assertEquals(await run("shellcheck", INSTALL), { code: 0, output: "" });
});

toolTest("systemd-analyze", "systemd takes the unit, and finds it little exposed", async () => {
  using folder = new TemporaryFolder();
  const unit = folder.file("nym-gateway.service");
  const text = Deno.readTextFileSync(SYSTEMD_UNIT);
  Deno.writeTextFileSync(unit, text.replace("/usr/local/bin/nym-gateway", "/bin/sh")); // that must be there
  assertEquals(await run("systemd-analyze", "verify", "--man=no", unit), { code: 0, output: "" });
  const { output } = await run("systemd-analyze", "security", "--offline=true", "--no-pager", unit);
  const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(output)![1]);
  assert(exposure < 1.5, `${exposure}`);
});
