import { assert, assertEquals, assertThrows } from "@std/assert";
import { allOf, PortInUse, portsFrom, refusePortsInUse } from "../../src/sandbox/ports.ts";

Deno.test("the ports are six consecutive ones from the first", () => {
  assertEquals(allOf(portsFrom(20_000)).sort(), [20_000, 20_001, 20_002, 20_003, 20_004, 20_005]);
  assertEquals(portsFrom(65_530).mixnodes.length, 3);
  const larger = portsFrom(20_000, { mixnodes: 3, gateways: 2 });
  assertEquals(allOf(larger).sort(), Array.from({ length: 14 }, (_, i) => 20_000 + i));
  assertEquals([larger.mixnodes.length, larger.gateways.length], [9, 2]);
});

Deno.test("0 stands for six free ports", () => {
  const ports = portsFrom(0);
  assertEquals(new Set(allOf(ports)).size, 6);
  refusePortsInUse(ports);
});

Deno.test("0 skips a block with a port in use", () => {
  const first = portsFrom(0);
  using _other = Deno.listen({ hostname: "127.0.0.1", port: first.gateways[0]!.clients });
  const next = allOf(portsFrom(0));
  for (const port of allOf(first)) assert(!next.includes(port), `${port} twice`);
});

Deno.test("a number that is not followed by five ports is refused", () => {
  for (const first of [-1, 0.5, 65_531, NaN, Infinity]) assertThrows(() => portsFrom(first), RangeError);
});

Deno.test("a port that is in use is named", () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr;
  assertThrows(
    () => refusePortsInUse({ ...portsFrom(0), directory: port }),
    PortInUse,
    `Cannot listen on 127.0.0.1:${port}: the port is in use`,
  );
});
