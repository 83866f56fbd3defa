import { assertEquals, assertRejects } from "@std/assert";
import { unlessAborted, until } from "../../src/sandbox/until.ts";

const never = new AbortController().signal;

Deno.test("until resolves once the condition holds", async () => {
  let looks = 0;
  await until(() => ++looks === 3, 10_000, () => "too late", never);
  assertEquals(looks, 3);
});

Deno.test("until throws the failure's text when the condition never holds", async () => {
  await assertRejects(() => until(() => false, 1, () => "only 2 of 3", never), Error, "only 2 of 3");
});

Deno.test("until and unlessAborted throw the signal's reason when it is aborted", async () => {
  const aborter = new AbortController();
  const waiting = [
    until(() => false, 10_000, () => "", aborter.signal),
    unlessAborted(new Promise(() => {}), aborter.signal),
  ];
  aborter.abort(new RangeError("stop"));
  await Promise.all(waiting.map((wait) => assertRejects(() => wait, RangeError, "stop")));
  await assertRejects(() => unlessAborted(Promise.resolve(), aborter.signal), RangeError, "stop");
});

Deno.test("unlessAborted returns the outcome of the work", async () => {
  assertEquals(await unlessAborted(Promise.resolve(7), never), 7);
  await assertRejects(() => unlessAborted(Promise.reject(new RangeError("own")), never), RangeError, "own");
});
