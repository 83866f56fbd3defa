import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { banner } from "../../src/cli/output/banner.ts";
import { Peap } from "../../src/peap/mod.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { MixnodeRig } from "../mixnode/mixnode_rig.ts";
import { eventually } from "../support/eventually.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { BinaryGateway, binaryTest, outcomeOf } from "./binary.ts";

/** Nothing listens there. */
const NO_DIRECTORY = "http://127.0.0.1:1";

binaryTest("the binary prints its version, commit and platform with an empty environment", async (binary) => {
  const version = await outcomeOf([binary, "--version"]);
  assertEquals(version.code, 0, version.stderr);
  assertMatch(version.stdout, /^nym-gateway 1\.0\.0 \(protocol 0\.7\.0, commit [0-9a-f]{12}(-modified)?, .+\)\n$/);
  assertStringIncludes((await outcomeOf([binary])).stdout, banner("gateway"));
  const info = await outcomeOf([binary, "build-info"]);
  assertStringIncludes(info.stdout, `\ntarget: ${Deno.build.target}\n`);
  assertStringIncludes(info.stdout, "\ncompiled: true\n");
});

binaryTest("the binary refuses invalid arguments with the same exit codes as a checkout", async (binary) => {
  assertEquals((await outcomeOf([binary, "ruin"])).code, 64);
  const homeless = await outcomeOf([binary, "run", "--id", "gw"]);
  assertEquals(homeless.code, 78);
  assertStringIncludes(homeless.stderr, "NYM_HOME");
  assertEquals((await outcomeOf([binary, "run", "--id", "gw"], { NYM_HOME: "/nonexistent" })).code, 66);
});

binaryTest("two clients exchange messages through the binary, which logs the kernel in use", async (binary) => {
  await using directory = await DirectoryRig.start();
  await using stack = new AsyncDisposableStack();
  const mixnodes: MixnodeRig[] = [];
  for (const layer of [1, 2, 3]) mixnodes.push(stack.use(await MixnodeRig.start(directory.url, layer)));
  await eventually("the mixnodes are listed", () => directory.topology().mixNodes.length === mixnodes.length);
  await using gateway = new BinaryGateway(binary);
  await gateway.init(directory.url);
  await gateway.start();
  await gateway.printed(/unwrapping with WebAssembly with(out)? wide arithmetic, in \d+ worker/);
  await eventually("it has announced itself", () => directory.topology().gatewayNodes.length > 0);
  await Promise.all(mixnodes.map(({ mixnode }) => mixnode.presence.lookAgain()));

  const options = { directory: directory.url, meanHopDelay: 1 };
  await using alice = await Peap.connect(options);
  await using bob = await Peap.connect(options);
  await alice.send(bob.address, "hello, Bob");
  assertEquals(await firstText(bob), "hello, Bob");
  await bob.send(alice.address, "hello, Alice");
  assertEquals(await firstText(alice), "hello, Alice");
  assertEquals(await gateway.stop(), 0);
});

binaryTest(
  "the binary exports a gateway and imports it elsewhere, with only NYM_HOME in its environment",
  async (binary) => {
    using folder = new TemporaryFolder();
    await using gateway = new BinaryGateway(binary);
    await gateway.init(NO_DIRECTORY);
    await gateway.start();
    await gateway.stop();
    await Deno.writeTextFile(folder.file("passphrase"), "correct horse battery", { mode: 0o600 });
    const args = ["--file", folder.file("gateway.age"), "--passphrase-file", folder.file("passphrase")];
    const exported = await outcomeOf([binary, "export", "--id", "gw", ...args], { NYM_HOME: `${gateway.home}/nym` });
    assertEquals([exported.code, exported.stderr], [0, ""]);
    const imported = await outcomeOf([binary, "import", ...args], { NYM_HOME: folder.file("elsewhere") });
    assertEquals([imported.code, imported.stderr], [0, ""]);
    assertStringIncludes(imported.stdout, gateway.publicKey);
  },
);

binaryTest("the status page and the metrics are in the binary", async (binary) => {
  await using gateway = new BinaryGateway(binary);
  await gateway.init(NO_DIRECTORY);
  await gateway.start();
  const url = (await gateway.printed(/operator at (http:\S+)\n/))[1]!;
  assertStringIncludes(await (await fetch(url)).text(), "<!DOCTYPE html>");
  assertStringIncludes(await (await fetch(`${url}metrics`)).text(), "# TYPE ");
});

binaryTest("the binary notifies systemd that it is ready, and then that it is alive", async (binary) => {
  using resources = new DisposableStack();
  using folder = new TemporaryFolder();
  const socket = Deno.listenDatagram({ transport: "unixpacket", path: folder.file("notify") });
  resources.defer(() => socket.close());
  const environment = { NOTIFY_SOCKET: folder.file("notify"), WATCHDOG_USEC: "100000" };
  await using gateway = new BinaryGateway(binary, [], environment);
  await gateway.init(NO_DIRECTORY);
  await gateway.start();
  const told = [];
  for (let i = 0; i < 3; i++) told.push(new TextDecoder().decode((await socket.receive())[0]));
  assertEquals(told.map((text) => text.split("\nSTATUS=")[0]), ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
}, { name: "Linux", isMet: Deno.build.os === "linux" });

async function firstText(client: Peap): Promise<string> {
  for await (const message of client) return message.text();
  throw new Error("the client's messages ended");
}
