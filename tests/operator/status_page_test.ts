import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { OperatorEndpoint } from "../../src/operator/endpoint.ts";
import { Chromium, hasChromium, type Screen } from "./chromium.ts";
import { FakeGateway } from "./fake_gateway.ts";

const local = { host: "127.0.0.1", port: 0 };
const DESKTOP: Screen = { width: 1280, height: 900, isPhone: false, scheme: "light" };
const PHONE: Screen = { width: 360, height: 740, isPhone: true, scheme: "light" };

const shown = (id: string) => `document.getElementById("${id}").textContent`;
const LOADED = `document.querySelector("#checks li")`;

function test(name: string, act: (page: Chromium, gateway: FakeGateway, endpoint: OperatorEndpoint) => Promise<void>) {
  const ignore = !hasChromium();
  Deno.test({
    name: ignore ? `${name} (skipped: there is no Chromium; NYM_CHROMIUM names it)` : name,
    ignore,
    fn: async () => {
      await using page = await Chromium.start();
      const gateway = new FakeGateway();
      await using endpoint = OperatorEndpoint.listen(local, gateway);
      await act(page, gateway, endpoint);
    },
  });
}

const urlOf = ({ address }: OperatorEndpoint) => `http://127.0.0.1:${address.port}/`;

test("the page fits any screen, light and dark, and asks nobody else for anything", async (page, _, endpoint) => {
  const url = urlOf(endpoint);
  const backgrounds = new Set<string>();
  for (const screen of [DESKTOP, PHONE]) {
    for (const scheme of ["light", "dark"] as const) {
      await page.show(url, { ...screen, scheme });
      await page.until(LOADED);
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      assertEquals(width, screen.width, "it does not scroll sideways");
      backgrounds.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
    }
  }
  assertEquals(backgrounds.size, 2);
  assertEquals(page.requests.filter((request) => !request.startsWith(url) && !request.startsWith("data:")), []);
  assertEquals(page.errors, []);
});

test("the page follows what happens", async (page, gateway, endpoint) => {
  await page.show(urlOf(endpoint), DESKTOP);
  await page.until(LOADED);
  assertEquals(await page.evaluate(shown("status")), "Serving");
  const working = setInterval(() => gateway.counters.add("packets_received", 10), 10);
  gateway.counters.add("packets_dropped_mac", 12);
  gateway.counters.add("messages_refused_disk_low", 34);
  gateway.levels.inboxMessages = 1234;
  gateway.verdict = { status: "fail", reason: "no space left on device" };
  await page.until(`${shown("tiles")}.includes("1,234") && ${shown("status")} === "Not ready"`);
  await page.until(`document.querySelector("#charts .line").getAttribute("d").includes("L")`);
  clearInterval(working);
  assertStringIncludes(await page.evaluate(shown("drops")), "mac12");
  assertStringIncludes(await page.evaluate(shown("drops")), "disk low34");
  assertStringIncludes(await page.evaluate(shown("checks")), "no space left on device");
});

test("a point of a chart tells its figures to who points at it", async (page, _, endpoint) => {
  await page.show(urlOf(endpoint), DESKTOP);
  await page.until(`document.querySelector("#charts .line")?.getAttribute("d")`);
  const { x, y } = await page.evaluate<{ x: number; y: number }>(
    `(({ right, top }) => ({ x: right - 4, y: top + 40 }))(document.querySelector(".chart").getBoundingClientRect())`,
  );
  await page.call("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  await page.until(`document.querySelector(".tip:not([hidden])")`);
  assertStringIncludes(await page.evaluate(`document.querySelector(".tip").textContent`), "received");
});

test("what the gateway says is text, whatever it holds", async (page, gateway, endpoint) => {
  const nasty = "<img src=x onerror='document.title=1'>";
  gateway.verdict = { status: "warn", reason: nasty };
  await page.show(urlOf(endpoint), DESKTOP);
  await page.until(LOADED);
  assertStringIncludes(await page.evaluate(shown("checks")), nasty);
  assertEquals(await page.evaluate("document.images.length"), 0);
});

test("a gateway that is gone is seen to be", async (page, _, endpoint) => {
  await page.show(urlOf(endpoint), DESKTOP);
  await page.until(LOADED);
  await endpoint[Symbol.asyncDispose]();
  await page.until(`${shown("status")} === "No answer"`);
  assert(await page.evaluate(`!document.getElementById("notice").hidden`));
});

test("the page shows control and format characters as what they are", async (page, gateway, endpoint) => {
  gateway.verdict = { status: "warn", reason: "gpj.\u202eexe\u2028" };
  await page.show(urlOf(endpoint), DESKTOP);
  await page.until(LOADED);
  assertStringIncludes(await page.evaluate(shown("checks")), "gpj.\\u{202e}exe\\u{2028}");
});
