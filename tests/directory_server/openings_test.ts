import { assertEquals } from "@std/assert";
import { Openings } from "../../src/directory_server/openings.ts";

const NETWORKS = Array.from({ length: 500 }, (_, n) => n.toString(16).padStart(6, "0"));

Deno.test("a network opens only so many sessions, and all networks together", () => {
  const openings = new Openings(0);
  const opened = (network: string, now: number) =>
    Array.from({ length: 40 }, () => openings.take(network, false, now)).filter((may) => may).length;
  assertEquals([opened("a", 0), opened("a", 1000)], [20, 2]);
  assertEquals(NETWORKS.reduce((sum, network) => sum + opened(network, 1000), 0), 200 - 2);
});

Deno.test("very many networks do not keep out a node in a network that is listed", () => {
  const openings = new Openings(0);
  for (let i = 0; i < 3; i++) for (const network of NETWORKS) openings.take(network, false, 0);
  assertEquals([openings.take("another", false, 0), openings.take("listed", true, 0)], [false, true]);
});
