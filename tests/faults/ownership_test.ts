import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { giveToOwnerOfFolder } from "../../src/files/private.ts";
import { outcomeOf, programAfter } from "../cli/program.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

/** An id without a user, which can own files nevertheless. */
const OTHER = 54_321;
const INIT = "init --id gw --mix-host 127.0.0.1 --clients-host 127.0.0.1";

const isRoot = Deno.build.os === "linux" && ownsAnything();
const skipped = isRoot ? "" : " (skipped: this user is not root)";

function ownsAnything(): boolean {
  using folder = new TemporaryFolder();
  try {
    Deno.chownSync(folder.path, OTHER, OTHER);
    return true;
  } catch {
    return false;
  }
}

/** All files and folders in a folder, with owners and modes. */
function* contents(folder: string): Generator<{ path: string; owner: number; mode: number; isFolder: boolean }> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    const { uid, mode } = Deno.lstatSync(path);
    yield { path, owner: uid!, mode: mode! & 0o777, isFolder: isDirectory };
    if (isDirectory) yield* contents(path);
  }
}

Deno.test({
  name: "init creates files for its user alone, whatever the umask",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    for (const umask of ["000", "022", "777"]) {
      using folder = new TemporaryFolder();
      const { code, stderr } = await outcomeOf(
        programAfter(`umask ${umask}`, "gateway_program.ts", INIT.split(" "), { NYM_HOME: folder.path }),
      );
      assertEquals(code, 0, stderr);
      const found = [...contents(folder.path)];
      assertEquals(found.filter(({ isFolder }) => !isFolder).length, 4);
      for (const { path, mode, isFolder } of found) assertEquals(mode, isFolder ? 0o700 : 0o600, `${umask}: ${path}`);
    }
  },
});

Deno.test({
  name: `files that root's commands create in the home of another user belong to that user${skipped}`,
  ignore: !isRoot,
  fn: async () => {
    await using gateway = await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY);
    await Deno.chown(gateway.home, OTHER, OTHER);
    for (const { path } of contents(gateway.home)) Deno.chownSync(path, OTHER, OTHER);
    const foreign = () => [...contents(gateway.home)].filter(({ owner }) => owner !== OTHER).map(({ path }) => path);
    await gateway.start();
    // Its socket is for whoever runs it. A stale one, after a kill, can be removed by the owner of the folder.
    assertEquals(foreign().filter((path) => !path.endsWith(".socket")), [], "run");
    await gateway.stop();
    assertEquals(foreign(), [], "its end");
    for (const command of ["check", "inboxes", "status", "relocate", "node-details"]) {
      await gateway.carryOut(command);
      assertEquals(foreign(), [], command);
    }
    await Deno.remove(gateway.path("data/inboxes"), { recursive: true });
    using elsewhere = new TemporaryFolder();
    Deno.writeTextFileSync(elsewhere.file("phrase"), "a long passphrase\n");
    const args = ["--passphrase-file", elsewhere.file("phrase"), "--file", elsewhere.file("gateway.nym")];
    const exported = await gateway.carryOut("export", ...args);
    assertEquals([exported.code, foreign()], [0, []], exported.stderr);
    await Deno.remove(gateway.path(""), { recursive: true });
    const imported = await gateway.carryOut("import", ...args);
    assertEquals(imported.code, 0, imported.stderr);
    assertEquals(foreign(), [], "import");
    assert([...contents(gateway.home)].length > 5);
  },
});

Deno.test({
  name: `root does not give away what a link in another user's folder leads to${skipped}`,
  ignore: !isRoot,
  fn: () => {
    using folder = new TemporaryFolder();
    using elsewhere = new TemporaryFolder();
    Deno.chownSync(folder.path, OTHER, OTHER);
    Deno.writeTextFileSync(elsewhere.file("file"), "");
    for (const target of [elsewhere.file("file"), elsewhere.path]) {
      Deno.symlinkSync(target, folder.file("link"));
      giveToOwnerOfFolder(folder.file("link"));
      assertEquals(Deno.statSync(target).uid, Deno.uid());
      Deno.removeSync(folder.file("link"));
    }
    Deno.writeTextFileSync(folder.file("own"), "");
    giveToOwnerOfFolder(folder.file("own"));
    assertEquals(Deno.statSync(folder.file("own")).uid, OTHER);
  },
});

Deno.test({
  name: `inboxes in a writable folder of another user are used, with a warning${skipped}`,
  ignore: !isRoot,
  fn: async () => {
    await using gateway = await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY);
    await Deno.mkdir(gateway.inboxes);
    await Deno.chmod(gateway.inboxes, 0o777);
    await Deno.chown(gateway.inboxes, OTHER, OTHER);
    const child = new Deno.Command("setpriv", { // to take away the privileges of root
      args: ["--bounding-set", "-fowner,-chown,-dac_override", ...gateway.commandLine("run")],
      env: gateway.variables,
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let log = "";
    let hasStarted = false;
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      log += text;
      if (hasStarted || !log.includes("Finished nym gateway startup")) continue;
      hasStarted = true;
      child.kill("SIGTERM");
    }
    assertEquals((await child.status).code, 0);
    assertStringIncludes(log, `Other users have access to the folder ${gateway.inboxes}, which is another user's`);
    assertStringIncludes(log, "Stopped");
  },
});
