import { assert, assertEquals, assertThrows } from "@std/assert";
import { type NetworkPorts, PortInUse, portsFrom, refusePortsInUse } from "../../src/sandbox/ports.ts";

function all({ directory, mixnodes, gatewayMixnet, gatewayClients }: NetworkPorts): number[] {
  return [directory, ...mixnodes, gatewayMixnet, gatewayClients];
}

Deno.test("the ports are six consecutive ones from the first", () => {
  assertEquals(all(portsFrom(20_000)).sort(), [20_000, 20_001, 20_002, 20_003, 20_004, 20_005]);
  assertEquals(portsFrom(65_530).mixnodes.length, 3);
});

Deno.test("0 stands for six free ports", () => {
  const ports = portsFrom(0);
  assertEquals(new Set(all(ports)).size, 6);
  refusePortsInUse(ports);
});

Deno.test("0 skips a block with a port in use", () => {
  const { gatewayClients, ...first } = portsFrom(0);
  using _other = Deno.listen({ hostname: "127.0.0.1", port: gatewayClients });
  const next = all(portsFrom(0));
  for (const port of all({ ...first, gatewayClients })) assert(!next.includes(port), `${port} twice`);
});

Deno.test("a number that is not followed by five ports is refused", () => {
  for (const first of [-1, 0.5, 65_531, NaN, Infinity]) assertThrows(() => portsFrom(first), RangeError);
});

Deno.test("a port that is in use is named", () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr;
  assertThrows(
    () => refusePortsInUse({ ...portsFrom(0), gatewayMixnet: port }),
    PortInUse,
    `Cannot listen on 127.0.0.1:${port}: the port is in use`,
  );
});
