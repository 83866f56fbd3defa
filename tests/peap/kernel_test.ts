import { assert, assertEquals } from "@std/assert";
import { loadKernel, type Multiplier } from "../../src/peap/kernel.ts";
import { Peap } from "../../src/peap/mod.ts";
import { FakeNetwork } from "./fake_network.ts";

Deno.test("a client with the kernel builds its packets with it", async () => {
  await using network = new FakeNetwork(true);
  const loaded = (await loadKernel())!;
  let multiplications = 0;
  const kernel: Multiplier = {
    publicKeyOf: loaded.publicKeyOf,
    multiply(scalar, point) {
      multiplications++;
      return loaded.multiply(scalar, point);
    },
  };
  let packets = 0;
  await using client = await Peap.connect({
    directory: network.directory,
    traffic: "none",
    kernel,
    trace: ({ type }) => {
      if (type === "packet-sent") packets++;
    },
  });
  await client.send(client.address, new Uint8Array(5000));
  assert(packets > 1, `${packets} packets`);
  assertEquals(multiplications, 4 * packets, "one for each hop");
});
