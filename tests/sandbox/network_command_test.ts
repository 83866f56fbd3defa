import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Peap } from "../../src/peap/mod.ts";
import { Program } from "./program.ts";

const COMMAND = "src/sandbox/network_command.ts";

Deno.test("the command prints addresses and events, and leaves nothing behind", async () => {
  await using network = new Program(COMMAND, ["--ports-from", "0"]);
  await network.printed("Events at the gateway");
  assertEquals(network.leftBehind().length, 1, "its home, while it runs");
  const [, directory] = /directory +(http:\S+)/.exec(network.output)!;
  const [, page] = /(http:\S+) is its status page/.exec(network.output)!;
  assertStringIncludes(await (await fetch(page!)).text(), "<!DOCTYPE html>");
  {
    await using client = await Peap.connect({ directory: directory!, traffic: "none", meanHopDelay: 1 });
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

Deno.test("repeated Ctrl-C does not stop the clean-up", async () => {
  await using network = new Program(COMMAND, ["--ports-from", "0"]);
  await network.printed("Events at the gateway");
  for (let i = 0; i < 3; i++) network.signal("SIGINT");
  assertEquals(await network.ended(), 0, network.output);
  assertEquals(network.leftBehind(), []);
});

Deno.test("errors on the command line are named", async () => {
  for (
    const [args, text] of [
      [["--ports-from", "x"], "--ports-from must be a port"],
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

Deno.test("the help names the options", async () => {
  await using command = new Program(COMMAND, ["--help"]);
  assertEquals(await command.ended(), 0);
  for (const option of ["--ports-from <port>", "--tls"]) assert(command.output.includes(option), option);
});
