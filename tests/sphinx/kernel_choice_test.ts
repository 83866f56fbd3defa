import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hasWideArithmetic } from "../../src/sphinx/kernel/support.ts";

// How V8 is started decides what it can run, so these tests start Deno.

const WIDE_ARITHMETIC = "--v8-flags=--experimental-wasm-wide-arithmetic";
const CHOICE = `
  import { chooseUnwrap } from ${JSON.stringify(new URL("../../src/sphinx/kernel/kernel.ts", import.meta.url))};
  console.log((await chooseUnwrap(new Uint8Array(32).fill(1), "final")).name);`;

const knowsWideArithmetic = (await deno("eval", WIDE_ARITHMETIC, "")).success;

Deno.test("where there is no WebAssembly, the reference unwraps", async () => {
  assertEquals((await deno("eval", "--v8-flags=--jitless", CHOICE)).stdout, "JavaScript\n");
});

Deno.test("where there is no WebAssembly, nothing is loaded for building", async () => {
  const module = JSON.stringify(new URL("../../src/sphinx/kernel/builder.ts", import.meta.url));
  const script = `import { loadBuilder } from ${module}; console.log(await loadBuilder());`;
  assertEquals((await deno("eval", "--v8-flags=--jitless", script)).stdout, "undefined\n");
});

Deno.test("without flags a kernel unwraps", async () => {
  assertStringIncludes((await deno("eval", CHOICE)).stdout, "WebAssembly");
});

Deno.test({
  name: "with its flag, V8 15 unwraps with wide arithmetic, and all tests of the kernel pass",
  ignore: !knowsWideArithmetic || hasWideArithmetic(), // in the second case they have been run already
  fn: async () => {
    assertEquals((await deno("eval", WIDE_ARITHMETIC, CHOICE)).stdout, "WebAssembly with wide arithmetic\n");
    const tests = ["kernel_test.ts", "builder_test.ts"].map((name) => new URL(name, import.meta.url).href);
    const permissions = ["--allow-read", "--allow-env"];
    const { success, stdout } = await deno("test", WIDE_ARITHMETIC, "--no-check", ...permissions, ...tests);
    assert(success, stdout);
    assertStringIncludes(stdout, "builder_wide: ");
    assertStringIncludes(stdout, "kernel_wide: ");
  },
});

async function deno(command: string, ...args: string[]): Promise<{ success: boolean; stdout: string }> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [command, ...args],
    cwd: new URL("../..", import.meta.url),
    env: { NO_COLOR: "1" },
    stderr: "null",
  }).output();
  return { success, stdout: new TextDecoder().decode(stdout) };
}
