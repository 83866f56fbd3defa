import { assertEquals, assertRejects } from "@std/assert";
import { IndexedDbStore } from "../../src/peap/mod.ts";
import { Chromium, hasChromium, type Screen } from "../operator/chromium.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";

const STORE = new URL("../../src/peap/indexed_db_store.ts", import.meta.url).href;
const SCREEN: Screen = { width: 400, height: 300, isPhone: false, scheme: "light" };
const PAGE = "<!doctype html><title>store</title><script type=module src=/page.js></script>";

/** What the page does: writes, a write that fails as a whole, and another page's view of it. */
const SCRIPT = `
import { IndexedDbStore } from ${JSON.stringify(STORE)};
const bytes = (...values) => Uint8Array.from(values);
async function act() {
  const store = await IndexedDbStore.open("test");
  await store.write(new Map([["a/1", bytes(1)], ["a/2", bytes(2, 2)], ["b", bytes()]]));
  await store.write(new Map([["a/1", undefined], ["a/3", bytes(3)]]));
  const failed = await store.write(new Map([["b", undefined], ["c", () => {}]])).then(() => false, () => true);
  store.close();
  const again = await IndexedDbStore.open("test");
  const keys = (await again.keys("")).sort();
  const values = [];
  for (const key of [...keys, "a/1"]) values.push((await again.get(key))?.join() ?? "none");
  return { failed, keys, ofA: (await again.keys("a/")).sort(), values };
}
globalThis.outcome = act().then((outcome) => globalThis.done = outcome, (error) => globalThis.done = String(error));
`;

const ignore = !hasChromium();
Deno.test({
  name: `a store in IndexedDB, in a real browser${ignore ? " (skipped: Chromium is not installed)" : ""}`,
  ignore,
  fn: async () => {
    using folder = new TemporaryFolder();
    const [script, bundle] = [folder.file("script.js"), folder.file("bundle.js")];
    await Deno.writeTextFile(script, SCRIPT);
    const args = ["bundle", "--quiet", "--platform", "browser", script, "--output", bundle];
    assertEquals((await new Deno.Command(Deno.execPath(), { args }).output()).success, true);
    const code = await Deno.readTextFile(bundle);
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      const isScript = new URL(request.url).pathname === "/page.js";
      const type = isScript ? "text/javascript" : "text/html";
      return new Response(isScript ? code : PAGE, { headers: { "content-type": type } });
    });
    await using page = await Chromium.start();
    await page.show(`http://127.0.0.1:${server.addr.port}/`, SCREEN);
    await page.until("globalThis.done");
    assertEquals(await page.evaluate("globalThis.done"), {
      failed: true,
      keys: ["a/2", "a/3", "b"],
      ofA: ["a/2", "a/3"],
      values: ["2,2", "3", "", "none"],
    });
  },
});

Deno.test("where there is no IndexedDB, its store says so", async () => {
  await assertRejects(() => IndexedDbStore.open("test"), Error, "no IndexedDB");
});
