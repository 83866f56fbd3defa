import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { generateIdentity, Peap } from "../../src/peap/mod.ts";
import { Program } from "./program.ts";

const COMMAND = "src/sandbox/network_command.ts";

Deno.test("it says where everything is, tells what happens, and leaves nothing behind", async () => {
  await using network = new Program(COMMAND, ["--ports-from", "0"]);
  await network.printed("What happens");
  assertEquals(network.leftBehind().length, 1, "its home, for now");
  const [, directory] = /directory +(http:\S+)/.exec(network.output)!;
  const [, page] = /(http:\S+) is its status page/.exec(network.output)!;
  assertStringIncludes(await (await fetch(page!)).text(), "<!DOCTYPE html>");
  {
    await using client = await Peap.connect({ directory: directory!, identity: generateIdentity(), meanHopDelay: 1 });
    await network.printed("1 client registered");
    await client.send(client.address, "to myself");
    for await (const message of client) {
      assertEquals(message.text(), "to myself");
      break;
    }
    await network.printed("1 message stored");
    await network.printed("1 message pushed to its client");
  }
  await network.printed("1 client disconnected");
  network.signal("SIGINT");
  assertEquals(await network.ended(), 0, network.output);
  assert(network.output.includes("its files are removed"));
  assertEquals(network.leftBehind(), []);
});

Deno.test("a second and a third Ctrl-C do not keep it from cleaning up", async () => {
  await using network = new Program(COMMAND, ["--ports-from", "0"]);
  await network.printed("What happens");
  for (let i = 0; i < 3; i++) network.signal("SIGINT");
  assertEquals(await network.ended(), 0, network.output);
  assertEquals(network.leftBehind(), []);
});

Deno.test("what makes no sense on the command line is named", async () => {
  for (
    const [args, text] of [
      [["--ports-from", "x"], "--ports-from should be a port"],
      [["--ports-from"], "'--ports-from <value>' argument missing"],
      [["--port", "1"], "Unknown option '--port'"],
      [["now"], "Unexpected argument 'now'"],
    ] as const
  ) {
    await using command = new Program(COMMAND, [...args]);
    assertEquals(await command.ended(), 64);
    assert(command.output.includes(text), command.output);
  }
});

Deno.test("its help names its option", async () => {
  await using command = new Program(COMMAND, ["--help"]);
  assertEquals(await command.ended(), 0);
  assert(command.output.includes("--ports-from <port>"));
});
