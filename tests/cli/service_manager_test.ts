import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { ServiceManager } from "../../src/cli/running/service_manager.ts";
import { run } from "../faults/small_disk.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { quietPort } from "../support/quiet_port.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { Silence } from "../support/silence.ts";

/** What a service manager receives while `use` runs, with this patience in µs, if any. */
async function withManager(
  path: string,
  patience: string | undefined,
  use: (environment: Map<string, string>, next: () => Promise<string>) => Promise<void>,
): Promise<void> {
  const socket = Deno.listenDatagram({ transport: "unixpacket", path: path.replace("@", "\0") });
  const environment = new Map([["NOTIFY_SOCKET", path]]);
  if (patience !== undefined) environment.set("WATCHDOG_USEC", patience);
  try {
    await use(environment, async () => new TextDecoder().decode((await socket.receive())[0]));
  } finally {
    socket.close();
  }
}

const ignore = Deno.build.os !== "linux";

/** Mounts a full disk over a folder: it has room for names and empty files, and none for a folder. */
async function mountFullDisk(folder: string): Promise<AsyncDisposable> {
  const image = `${folder}.img`;
  await run("mkfs.ext4", "-q", "-m", "0", image, "2M");
  await run("mount", "-o", "loop", image, folder);
  using ballast = await Deno.create(`${folder}/ballast`);
  for (const size of [4096, 1]) {
    try {
      for (;;) await ballast.write(new Uint8Array(size));
    } catch {
      // it is full
    }
  }
  return { [Symbol.asyncDispose]: () => run("umount", folder) };
}

async function canMountFullDisk(): Promise<boolean> {
  using folder = new TemporaryFolder();
  const place = folder.file("disk");
  Deno.mkdirSync(place);
  return await mountFullDisk(place).then((disk) => disk[Symbol.asyncDispose]()).then(() => true, () => false);
}

const fullDisk = await canMountFullDisk() ? mountFullDisk : undefined;

Deno.test({
  name: "the service manager learns that the gateway is ready, then receives signs of life",
  ignore,
  fn: () =>
    withManager("@nym-gateway-test-1", "20000", async (environment, next) => {
      await using manager = ServiceManager.find(environment)!;
      let reports = 0;
      manager.ready(() => `report ${++reports}`);
      assertEquals([await next(), await next(), await next()], [
        "READY=1\nSTATUS=report 1",
        "WATCHDOG=1\nSTATUS=report 2",
        "WATCHDOG=1\nSTATUS=report 3",
      ]);
    }),
});

Deno.test({
  name: "without a patience there are no signs of life; the socket may be a file",
  ignore,
  fn: async () => {
    const path = await Deno.makeTempFile();
    await Deno.remove(path);
    await withManager(path, undefined, async (environment, next) => {
      await using manager = ServiceManager.find(environment)!;
      manager.ready(() => "well");
      assertEquals(await next(), "READY=1\nSTATUS=well");
    });
    await Deno.remove(path);
  },
});

Deno.test("without a service manager nothing is sent", () => {
  assertEquals(ServiceManager.find(), undefined);
});

Deno.test({
  name: "a service manager that is gone does not stop the gateway",
  ignore,
  fn: async () => {
    using _silence = new Silence();
    const manager = ServiceManager.find(new Map([["NOTIFY_SOCKET", "/nonexistent/notify"]]));
    assertNotEquals(manager, undefined);
    manager!.ready(() => "well");
    await manager![Symbol.asyncDispose](); // does not reject
  },
});

Deno.test({
  name: "the service manager receives the number of clients and messages, and the last warning" +
    (fullDisk ? ", from a full disk, too" : ""),
  ignore,
  fn: async () => {
    using folder = new TemporaryFolder();
    const temporary = folder.file("tmp");
    Deno.mkdirSync(temporary);
    await using _disk = fullDisk && await fullDisk(temporary);
    const socket = Deno.listenDatagram({ transport: "unixpacket", path: folder.file("notify") });
    try {
      await using gateway = await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY);
      gateway.environment = { NOTIFY_SOCKET: folder.file("notify"), WATCHDOG_USEC: "20000", TMPDIR: temporary };
      const next = async () => new TextDecoder().decode((await socket.receive())[0]);
      const [first] = await Promise.all([next(), gateway.start()]);
      assertMatch(first, /^READY=1\nSTATUS=0 clients online, 0 messages stored/);
      const warned = /^WATCHDOG=1\nSTATUS=0 .* stored; last warning at 20\d\d-\S+Z: .*directory/;
      while (!warned.test(await next())); // the directory is down
      assertEquals(await gateway.stop(), 0);
    } finally {
      socket.close();
    }
  },
});
