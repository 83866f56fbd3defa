import { assertEquals } from "@std/assert";
import { TemporaryFolder } from "../support/temporary_folder.ts";

Deno.test({
  name: "free descriptors are counted also once the program's file is gone, as after an upgrade",
  ignore: Deno.build.os === "windows", // where a running program can't be removed
  fn: async () => {
    using folder = new TemporaryFolder();
    const program = folder.file("program");
    await Deno.copyFile(Deno.execPath(), program);
    const from = JSON.stringify(new URL("../../src/limits/free_descriptors.ts", import.meta.url).href);
    const text = `Deno.removeSync(${JSON.stringify(program)});
      const { freeDescriptors } = await import(${from});
      console.log(freeDescriptors(4));`;
    const { stdout } = await new Deno.Command(program, { args: ["eval", text] }).output();
    assertEquals(new TextDecoder().decode(stdout), "4\n");
  },
});
