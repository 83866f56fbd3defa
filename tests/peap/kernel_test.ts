import { assert, assertEquals } from "@std/assert";
import { type Builder, loadKernel } from "../../src/peap/kernel.ts";
import { Peap } from "../../src/peap/mod.ts";
import { FakeNetwork } from "./fake_network.ts";
import { patientClock } from "./patient_clock.ts";

Deno.test("a client with the kernel builds its packets with it", async () => {
  await using network = new FakeNetwork(true);
  const loaded = (await loadKernel())!;
  let built = 0;
  const kernel: Builder = {
    build(plan) {
      built++;
      return loaded.build(plan);
    },
  };
  let packets = 0;
  await using client = await Peap.connect({
    directory: network.directory,
    traffic: "none",
    surroundings: { clock: patientClock },
    kernel,
    trace: ({ type }) => {
      if (type === "packet-sent") packets++;
    },
  });
  await client.send(client.address, new Uint8Array(5000));
  assert(packets > 1, `${packets} packets`);
  assertEquals(built, packets);
});
