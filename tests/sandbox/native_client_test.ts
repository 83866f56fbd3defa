import { assertEquals } from "@std/assert";
import { setLogLevel } from "../../src/logging/log.ts";
import { Peap } from "../../src/peap/mod.ts";
import { Network } from "../../src/sandbox/network.ts";
import { portsFrom } from "../../src/sandbox/ports.ts";
import { quietPort } from "../support/quiet_port.ts";
import { NativeApplication } from "../support/native_application.ts";
import { freePort, referenceTest } from "../support/reference_network.ts";
import { ReferenceProcess } from "../support/reference_process.ts";

setLogLevel("error");

referenceTest("an unmodified 0.7.0 client works in a local network, and so does ours beside it", async () => {
  const program = `${Deno.env.get("NYM_REFERENCE")}/nym-client`;
  await using network = await Network.start(portsFrom(quietPort(6)), new AbortController().signal);
  const { url: directory } = network.directory;
  await using stack = new AsyncDisposableStack();
  const home = stack.adopt(await Deno.makeTempDir(), (folder) => Deno.remove(folder, { recursive: true }));
  const port = freePort();
  const options = ["--id", "bob", "--directory", directory, "--port", `${port}`];
  await ReferenceProcess.complete("nym-client init", program, ["init", ...options], home);
  const client = stack.use(new ReferenceProcess("nym-client", program, ["run", "--id", "bob"], home));
  await client.printed("startup finished");
  await using bob = await open(`ws://127.0.0.1:${port}`);
  const address = await bob.address();

  await using alice = await Peap.connect({ directory, traffic: "none", meanHopDelay: 10 });
  const letter = "To the native client. ".repeat(200);
  await alice.send(address, letter);
  assertEquals(new TextDecoder().decode(await bob.received()), letter);

  bob.sendText(alice.address, letter.toUpperCase());
  for await (const message of alice) {
    assertEquals(message.text(), letter.toUpperCase());
    break;
  }
});

/** The client reports that it has started shortly before it listens for applications. */
async function open(url: string): Promise<NativeApplication> {
  for (let attempt = 1;; attempt++) {
    try {
      return await NativeApplication.open(url);
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
