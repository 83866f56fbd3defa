import { assert, assertEquals } from "@std/assert";
import { sideBySide } from "../support/side_by_side.ts";
import { Program } from "./program.ts";

const DEMO = "src/sandbox/demo.ts";

Deno.test("the demo succeeds, and prints no colours into a file", async () => {
  await using demo = new Program(DEMO);
  assertEquals(await demo.ended(), 0, demo.output);
  for (
    const line of [
      "113/113  3 of 3 messages complete",
      "left on disk   0 messages, 0 bytes",
      "All messages arrived intact",
    ]
  ) {
    assert(demo.output.includes(line), demo.output);
  }
  assert(!demo.output.includes("\x1b"), "no escape sequences");
  assertEquals(demo.leftBehind(), []);
});

Deno.test("a demo that fails says why, and its exit code is 1", async () => {
  await using demo = new Program(DEMO, [], { TMPDIR: "/nowhere" });
  assertEquals(await demo.ended(), 1);
  assert(demo.output.includes("The demo failed: Cannot create a folder for temporary files"), demo.output);
});

const MOMENTS = ["real disk", "The network starts", "Bob registers", "Alice writes", "waits on disk", "comes back"];

Deno.test("Ctrl-C at any moment leaves nothing behind", async () => {
  await sideBySide(Object.fromEntries(MOMENTS.map((moment) => [moment, () => interruptAfter(moment)])));
});

async function interruptAfter(moment: string): Promise<void> {
  await using demo = new Program(DEMO);
  await demo.printed(moment);
  demo.signal("SIGINT");
  const code = await demo.ended();
  assert(code === 130 && demo.output.includes("Interrupted") || code === 0, demo.output);
  assertEquals(demo.leftBehind(), []);
}
