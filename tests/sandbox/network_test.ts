import { assertEquals, assertRejects } from "@std/assert";
import { setLogLevel } from "../../src/logging/log.ts";
import { Peap } from "../../src/peap/mod.ts";
import { Network } from "../../src/sandbox/network.ts";
import { PortInUse, portsFrom } from "../../src/sandbox/ports.ts";
import { quietPort } from "../support/quiet_port.ts";

const never = new AbortController().signal;
setLogLevel("error");

Deno.test("two clients exchange messages through a local network", async () => {
  await using network = await Network.start(portsFrom(quietPort(6)), never);
  const { url: directory } = network.directory;
  await using alice = await Peap.connect({ directory, traffic: "none", meanHopDelay: 1 });
  await using bob = await Peap.connect({ directory, traffic: "none", meanHopDelay: 1 });
  await alice.send(bob.address, "hello, Bob");
  for await (const message of bob) {
    assertEquals(message.text(), "hello, Bob");
    break;
  }
  await bob.send(alice.address, "hello, Alice");
  for await (const message of alice) {
    assertEquals(message.text(), "hello, Alice");
    break;
  }
  assertEquals(network.mixnodes.map(({ counters }) => counters.get("packets_forwarded")), [2, 2, 2]);
});

Deno.test("a network whose port is in use does not start, and leaves nothing behind", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ports = { ...portsFrom(quietPort(6)), gateways: [{ mixnet: 0, clients: other.addr.port }] };
  await assertRejects(() => Network.start(ports, never), PortInUse);
});

Deno.test("an aborted start closes what was started", async () => {
  await assertRejects(
    () => Network.start(portsFrom(quietPort(6)), AbortSignal.abort(new RangeError("stop"))),
    RangeError,
    "stop",
  );
});
