import { assert, assertEquals } from "@std/assert";

const ignore = Deno.build.os === "windows";

/** What a program of its own prints that has `DescriptorCount`; other tests open and close files in this one. */
async function printed(program: string, limit = 10_000): Promise<string> {
  const from = JSON.stringify(new URL("../../src/limits/descriptor_use.ts", import.meta.url).href);
  const line = `ulimit -n ${limit}; exec "$0" eval 'import { DescriptorCount } from ${from}; ${program}'`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", line, Deno.execPath()] }).output();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test({
  name: "descriptors in use are counted, also above gaps",
  ignore,
  fn: async () => {
    const [more, limit] = (await printed(`
      const before = new DescriptorCount().use;
      const files = Array.from({ length: 100 }, () => Deno.openSync("/"));
      for (const file of files.splice(0, 20)) file.close();
      const { held, limit } = new DescriptorCount().use;
      console.log(held - before.held, limit - held);`)).split(" ");
    assertEquals(more, "80");
    assert(Number(limit) > 0, limit);
  },
});

Deno.test({
  name: "a low limit is found exactly, a high one as far as it was searched",
  ignore,
  fn: async () => {
    const find = (limit: number) =>
      printed("const { limit, isExact } = new DescriptorCount().use; console.log(limit, isExact);", limit);
    const [low, isLow] = (await find(300)).split(" ");
    assert(Number(low) >= 297 && Number(low) <= 300 && isLow === "true", low); // opening a file may briefly take two
    const [high, isHigh] = (await find(10_000)).split(" ");
    assert(Number(high) > 4096 && isHigh === "false", high);
  },
});
