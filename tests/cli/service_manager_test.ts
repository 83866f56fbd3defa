import { assertEquals, assertNotEquals } from "@std/assert";
import { ServiceManager } from "../../src/cli/service_manager.ts";
import { Silence } from "../support/silence.ts";

/** What a service manager is told while `use` runs, with this patience in µs, if any. */
async function withManager(
  path: string,
  patience: string | undefined,
  use: (next: () => Promise<string>) => Promise<void>,
): Promise<void> {
  const socket = Deno.listenDatagram({ transport: "unixpacket", path: path.replace("@", "\0") });
  Deno.env.set("NOTIFY_SOCKET", path);
  if (patience !== undefined) Deno.env.set("WATCHDOG_USEC", patience);
  try {
    await use(async () => new TextDecoder().decode((await socket.receive())[0]));
  } finally {
    socket.close();
    Deno.env.delete("NOTIFY_SOCKET");
    Deno.env.delete("WATCHDOG_USEC");
  }
}

const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "the service manager is told that the gateway serves, then gets signs of life",
  ignore,
  fn: () =>
    withManager("@nym-gateway-test-1", "20000", async (next) => {
      await using manager = ServiceManager.find()!;
      manager.ready();
      assertEquals([await next(), await next(), await next()], ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
    }),
});

Deno.test({
  name: "without a patience there are no signs of life; the socket may be a file",
  ignore,
  fn: async () => {
    const path = await Deno.makeTempFile();
    await Deno.remove(path);
    await withManager(path, undefined, async (next) => {
      await using manager = ServiceManager.find()!;
      manager.ready();
      assertEquals(await next(), "READY=1");
    });
    await Deno.remove(path);
  },
});

Deno.test("without a service manager there is none to tell", () => {
  assertEquals(ServiceManager.find(), undefined);
});

Deno.test({
  name: "a service manager that is gone does not keep the gateway from serving",
  ignore,
  fn: async () => {
    using _silence = new Silence();
    Deno.env.set("NOTIFY_SOCKET", "/nonexistent/notify");
    try {
      const manager = ServiceManager.find();
      assertNotEquals(manager, undefined);
      manager!.ready();
      await manager![Symbol.asyncDispose](); // does not reject
    } finally {
      Deno.env.delete("NOTIFY_SOCKET");
    }
  },
});
