import { assertEquals } from "@std/assert";
import { Peap } from "../../src/peap/mod.ts";
import { nymGateway } from "../cli/program.ts";
import { isLong } from "./long.ts";
import { PlannedHost } from "./planned_host.ts";
import { readPlan } from "./printed_plan.ts";

Deno.test({
  name:
    "the commands that a plan prints, one after the other, create a network that carries a message (`deno task test:network`)",
  ignore: Deno.build.os !== "linux" || !isLong,
  fn: async () => {
    // No other program of this machine uses this address, so the usual ports are free.
    const [b, c] = crypto.getRandomValues(new Uint8Array(2));
    const host = `127.94.${b}.${(c! % 254) + 1}`;
    const mixnodes = [host, host, host].join();
    const planned = await nymGateway(`network plan --directory ${host} --mixnodes ${mixnodes} --gateway ${host}`, {});
    assertEquals([planned.code, planned.stderr], [0, ""]);
    const { directory, hosts: [plan, ...others] } = readPlan(planned.stdout);
    assertEquals([plan!.host, plan!.ports, others], [host, [8080, 1789, 1790, 1791, 1792, 9000], []]);
    await using machine = new PlannedHost();
    for (const commands of plan!.steps) await machine.paste(commands);
    await using client = await Peap.connect({ directory, traffic: "none", meanHopDelay: 1 });
    // Each mixnode drops the first packet for a node that it does not know yet, and then looks for it.
    const sending = setInterval(() => void client.send(client.address, "as planned").catch(() => {}), 1000);
    for await (const message of client) {
      assertEquals(message.text(), "as planned");
      break;
    }
    clearInterval(sending);
  },
});
