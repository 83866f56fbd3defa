import { assertEquals } from "@std/assert";
import { pause } from "../../src/timing/pause.ts";

Deno.test("a pause ends by itself, and at once when aborted before or during it", async () => {
  const during = new AbortController();
  const pauses = [pause(0, during.signal), pause(1_000_000, during.signal), pause(1_000_000, AbortSignal.abort())];
  during.abort();
  assertEquals(await Promise.all(pauses), [undefined, undefined, undefined]);
});
