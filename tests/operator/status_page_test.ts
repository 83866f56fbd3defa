import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { logger } from "../../src/logging/log.ts";
import { Health, type Verdict } from "../../src/operator/health.ts";
import { OperatorEndpoint } from "../../src/operator/endpoint.ts";
import { Chromium, hasChromium, type Screen } from "./chromium.ts";
import { LOW_CONTRAST } from "./contrast.ts";
import { LogLines } from "../support/log_lines.ts";
import { MixnodeRig } from "../mixnode/mixnode_rig.ts";
import { Silence } from "../support/silence.ts";
import { FakeGateway } from "./fake_gateway.ts";

const ok: Verdict = { status: "ok", reason: "fine" };
const local = { host: "127.0.0.1", port: 0 };
const DESKTOP: Screen = { width: 1280, height: 900, isPhone: false, scheme: "light" };
const PHONE: Screen = { width: 360, height: 740, isPhone: true, scheme: "light" };

const shown = (id: string) => `document.getElementById("${id}").textContent`;
const LOADED = `document.querySelector("#checks li")`;

function test(name: string, act: (page: Chromium, gateway: FakeGateway, endpoint: OperatorEndpoint) => Promise<void>) {
  const ignore = !hasChromium();
  Deno.test({
    name: ignore ? `${name} (skipped: Chromium is not installed; NYM_CHROMIUM can name it)` : name,
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

test("the page fits any screen, light and dark, and makes no requests to other sites", async (page, _, endpoint) => {
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

test("the page updates itself", async (page, gateway, endpoint) => {
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
  assertStringIncludes(await page.evaluate(shown("drops")), "damaged, or for another key (mac)12");
  assertStringIncludes(await page.evaluate(shown("drops")), "message: disk nearly full34");
  assertStringIncludes(await page.evaluate(shown("checks")), "no space left on device");
});

test("a mixnode's page shows what a mixnode has", async (page) => {
  using _silence = new Silence();
  await using rig = await MixnodeRig.start(
    "http://127.0.0.1:1",
    2,
    ({ operator }) => operator.listeningAddress = "127.0.0.1:0",
  );
  await page.show(`http://127.0.0.1:${rig.mixnode.operatorAddress!.port}/`, DESKTOP);
  await page.until(LOADED);
  assertStringIncludes(await page.evaluate(shown("tiles")), "Packets held0for their delay, limit 32,768");
  assertMatch(
    await page.evaluate(shown("identity")),
    /Layer2Others connect to127\.0\.0\.1:\d+Directory.*Listed thereunknown/,
  );
  assertStringIncludes(await page.evaluate(shown("charts")), "Packets heldwaiting for their delay");
  assertStringIncludes(await page.evaluate("document.title"), "test · nym mixnode");
  await rig.send(new Uint8Array(1372).fill(2));
  await page.until(`${shown("drops")}.includes("mac")`);
  assertEquals(page.errors, []);
});

test("pointing at a chart shows its figures", async (page, _, endpoint) => {
  await page.show(urlOf(endpoint), DESKTOP);
  await page.until(`document.querySelector("#charts .line")?.getAttribute("d")`);
  await page.evaluate(`document.querySelector(".chart").scrollIntoView()`);
  const { x, y } = await page.evaluate<{ x: number; y: number }>(
    `(({ right, top }) => ({ x: right - 4, y: top + 40 }))(document.querySelector(".chart").getBoundingClientRect())`,
  );
  await page.call("Input.dispatchMouseEvent", { type: "mouseMoved", x, y });
  await page.until(`document.querySelector(".tip:not([hidden])")`);
  assertStringIncludes(await page.evaluate(`document.querySelector(".tip").textContent`), "received");
});

test("the page shows what the gateway says as text, never as HTML", async (page, gateway, endpoint) => {
  const nasty = "<img src=x onerror='document.title=1'>";
  gateway.verdict = { status: "warn", reason: nasty };
  await page.show(urlOf(endpoint), DESKTOP);
  await page.until(LOADED);
  assertStringIncludes(await page.evaluate(shown("checks")), nasty);
  assertEquals(await page.evaluate("document.images.length"), 0);
});

test("the page says when the gateway does not answer", async (page, _, endpoint) => {
  await page.show(urlOf(endpoint), DESKTOP);
  await page.until(LOADED);
  await endpoint[Symbol.asyncDispose]();
  await page.until(`${shown("status")} === "No answer"`);
  assert(await page.evaluate(`!document.getElementById("notice").hidden`));
});

test("the page escapes control and format characters", async (page, gateway, endpoint) => {
  gateway.verdict = { status: "warn", reason: "gpj.\u202eexe\u2028" };
  await page.show(urlOf(endpoint), DESKTOP);
  await page.until(LOADED);
  assertStringIncludes(await page.evaluate(shown("checks")), "gpj.\\u{202e}exe\\u{2028}");
});

test(
  "the page begins with health, failed checks first, and announces it to screen readers",
  async (page, gateway, endpoint) => {
    using _quiet = new LogLines();
    const checks = { space: () => ok, mailbox: () => ({ ...ok, status: "fail" as const }) };
    Object.assign(gateway, { health: new Health(checks) });
    await page.show(urlOf(endpoint), DESKTOP);
    await page.until(LOADED);
    const first = `document.querySelector("main > section")`;
    assertStringIncludes(await page.evaluate(`${first}.textContent`), "1 of 2 checks needs attention");
    assertEquals(
      await page.evaluate(`Array.from(document.querySelectorAll("#checks .name"), ({ textContent }) => textContent)`),
      ["mailbox", "space"],
    );
    assertEquals(await page.evaluate(`document.getElementById("status").getAttribute("role")`), "status");
  },
);

test(
  "the page shows the gateway's identity, how full it is, and the latest warnings",
  async (page, gateway, endpoint) => {
    using _quiet = new LogLines();
    Object.assign(gateway.levels, { inboxBytes: 2.5e9, inboxBytesLimit: 10e9, diskFree: 31e9, diskFreeMinimum: 2e8 });
    Object.assign(gateway.levels, { mixnodes: 7, descriptorsHeld: 140, descriptorsLimit: 1024 });
    gateway.counters.add("packets_received", 1000);
    logger("test").warn("the disk is slow");
    await page.show(urlOf(endpoint), DESKTOP);
    await page.until(LOADED);
    const { publicKey, mixnet, clients } = gateway.identity;
    for (const text of [publicKey, mixnet, clients]) assertStringIncludes(await page.evaluate(shown("identity")), text);
    assertStringIncludes(await page.evaluate(shown("totals")), "Packets received1,000 (1.4 MB)");
    const tiles = await page.evaluate<string>(shown("tiles"));
    for (
      const text of ["2.5 GB of 10 GB", "below 200 MB", "7 in the directory", "140 open", "of 1,024 allowed"]
    ) {
      assertStringIncludes(tiles, text);
    }
    assertEquals(await page.evaluate(`document.querySelector(".meter").getAttribute("aria-valuenow")`), "25");
    assertStringIncludes(await page.evaluate(shown("warnings")), "the disk is slow");
  },
);

test("the view of a day shows current figures before its first point", async (page, _, endpoint) => {
  await page.show(urlOf(endpoint), DESKTOP);
  await page.until(`${shown("tiles")}.match(/Memory[1-9]/)`);
  await page.evaluate(`document.querySelector("[value=day]").click()`);
  await page.until(`${shown("charts")}.includes("the first point appears 5 min after the start")`);
  assertMatch(await page.evaluate(shown("tiles")), /Memory[1-9]\d* ?MB/);
});

test("the ticks of an axis have different labels", async (page, gateway, endpoint) => {
  await page.show(urlOf(endpoint), DESKTOP);
  const ticks = `Array.from(document.querySelectorAll("#charts svg"), (svg) =>
    Array.from(svg.querySelectorAll("text[text-anchor=end]"), ({ textContent }) => textContent))`;
  for (const packets of [0, 1, 30]) {
    gateway.counters.add("packets_received", packets);
    gateway.levels.inboxBytes = 70 * packets;
    await page.until(`document.querySelector("#charts .line")?.getAttribute("d")`);
    for (const labels of await page.evaluate<string[][]>(ticks)) assertEquals(labels, [...new Set(labels)]);
  }
});

test("all text has a contrast of 4.5 to 1, light and dark", async (page, gateway, endpoint) => {
  using _quiet = new LogLines();
  gateway.counters.add("packets_dropped_mac", 12);
  for (const status of ["ok", "warn", "fail"] as const) {
    gateway.verdict = { status, reason: "no space left on device" };
    for (const scheme of ["light", "dark"] as const) {
      await page.show(urlOf(endpoint), { ...DESKTOP, scheme });
      await page.until(`document.querySelector("#checks .${status} .name")?.textContent === "mailbox"`);
      assertEquals(await page.evaluate<string[]>(LOW_CONTRAST), [], `${status}, ${scheme}`);
    }
  }
});
