import { assertEquals, assertRejects } from "@std/assert";
import { readKeptTopology, writeKeptTopology } from "../../src/directory/kept_topology.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const KEPT = {
  receivedAt: 1_700_000_000_000,
  mixnodes: ["1.2.3.4:1789", "[2001:db8::1]:1789"],
  announced: { mixnetListener: "9.9.9.9:1789", clientListener: "ws://9.9.9.9:9000" },
};

Deno.test("a saved topology is read back, readable for this user only, and replaced as a whole", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("topology.json");
  assertEquals(await readKeptTopology(path), undefined);
  await writeKeptTopology(path, {
    ...KEPT,
    mixnodes: Array.from({ length: 20_000 }, (_, i) => `1.2.${i >> 8}.${i & 255}:1789`),
  });
  await writeKeptTopology(path, KEPT);
  assertEquals(await readKeptTopology(path), KEPT);
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  assertEquals(Array.from(Deno.readDirSync(folder.path), ({ name }) => name), ["topology.json"]);
});

Deno.test("a file that is damaged or too long is ignored", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const path = folder.file("topology.json");
  const text = JSON.stringify(KEPT);
  const texts = [
    "",
    "[]",
    "null",
    text.slice(0, -5),
    text.replace("1789", '1789\u0000"x'),
    text.replace("1700000000000", '"x"'),
    text.replace('"1.2.3.4:1789"', "7"),
    text.padEnd(5_000_000),
  ];
  for (const wrong of texts) {
    await Deno.writeTextFile(path, wrong);
    assertEquals(await readKeptTopology(path), undefined);
  }
  await assertRejects(() => writeKeptTopology(folder.file("nowhere/topology.json"), KEPT), Deno.errors.NotFound);
});
