import { assert, assertEquals } from "@std/assert";
import { DescriptorCount } from "../../src/limits/descriptor_use.ts";

const ignore = Deno.build.os === "windows";

Deno.test({
  name: "descriptors in use are counted, also above gaps",
  ignore,
  fn: () => {
    const before = new DescriptorCount().use;
    const files = Array.from({ length: 100 }, () => Deno.openSync("/"));
    for (const file of files.splice(0, 20)) file.close();
    const { held, limit } = new DescriptorCount().use;
    for (const file of files) file.close();
    assertEquals(held - before.held, 80);
    assert(limit > held);
  },
});

Deno.test({
  name: "a low limit is found exactly, a high one as far as it was searched",
  ignore,
  fn: async () => {
    const program = `import { DescriptorCount } from ${
      JSON.stringify(new URL("../../src/limits/descriptor_use.ts", import.meta.url).href)
    }; const { limit, isExact } = new DescriptorCount().use; console.log(limit, isExact);`;
    const find = async (limit: number) => {
      const line = `ulimit -n ${limit}; exec "$0" eval '${program}'`;
      const { stdout } = await new Deno.Command("sh", { args: ["-c", line, Deno.execPath()] }).output();
      return new TextDecoder().decode(stdout).trim();
    };
    const [low, isLow] = (await find(300)).split(" ");
    assert(Number(low) >= 297 && Number(low) <= 300 && isLow === "true", low); // opening a file may briefly take two
    const [high, isHigh] = (await find(10_000)).split(" ");
    assert(Number(high) > 4096 && isHigh === "false", high);
  },
});
