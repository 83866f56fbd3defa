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
  name: "the limit is known where it is low, else as far as it was counted",
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
    assert(Number(low) >= 297 && Number(low) <= 300 && isLow === "true", low); // opening one may take two for a moment
    const [high, isHigh] = (await find(10_000)).split(" ");
    assert(Number(high) > 4096 && isHigh === "false", high);
  },
});
