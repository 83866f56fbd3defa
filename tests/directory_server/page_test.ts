import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatSocketAddress } from "../../src/addresses/socket_address.ts";
import { Chromium, hasChromium, type Screen } from "../operator/chromium.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { Silence } from "../support/silence.ts";
import { gateway, mixnode, post } from "./nodes.ts";

const DESKTOP: Screen = { width: 1280, height: 900, isPhone: false, scheme: "light" };
const PHONE: Screen = { width: 360, height: 740, isPhone: true, scheme: "light" };
const LOADED = `document.querySelector("#layers article")`;
const text = (selector: string) => `document.querySelector("${selector}").textContent`;
const isSkipped = !hasChromium();

Deno.test({
  name: `the page shows the network on any screen, and asks no other site${isSkipped ? " (skipped: no Chromium)" : ""}`,
  ignore: isSkipped,
  fn: async () => {
    using _silence = new Silence();
    await using rig = await DirectoryRig.start(({ operator }) => operator.listeningAddress = "127.0.0.1:0");
    for (const n of [0, 1, 2, 3]) await post(`${rig.url}/api/presence/mixnodes`, mixnode(n));
    const evil = "<img src=x onerror=alert(1)>";
    const turned = { clientListener: "ws://9.9.9.9:1/\u202egnp", location: "\u2067a\u2028" };
    const wide = "a".padEnd(256, "\u0336"); // one character, as wide as all its marks
    await post(`${rig.url}/api/presence/gateways`, { ...gateway(1), location: evil });
    assertEquals((await post(`${rig.url}/api/presence/gateways`, { ...gateway(2), ...turned }))[0], 201);
    assertEquals((await post(`${rig.url}/api/presence/mixnodes`, { ...mixnode(4), location: wide }))[0], 201);
    await using page = await Chromium.start();
    const backgrounds = new Set<string>();
    for (const screen of [DESKTOP, PHONE]) {
      for (const scheme of ["light", "dark"] as const) {
        await page.show(rig.url, { ...screen, scheme });
        await page.until(LOADED);
        assertEquals(await page.evaluate("document.documentElement.scrollWidth"), screen.width);
        backgrounds.add(await page.evaluate(`getComputedStyle(document.body).backgroundColor`));
      }
    }
    assertEquals(backgrounds.size, 2);
    assertEquals(await page.evaluate(text("#status")), "Complete");
    assertEquals(await page.evaluate(`document.querySelectorAll("#layers article").length`), 3);
    assertStringIncludes(await page.evaluate(text("#layers")), mixnode(0).host);
    const gateways = await page.evaluate<string>(text("#gateways"));
    for (const shown of [evil, "/\\u202egnp", "\\u2067a\\u2028"]) assertStringIncludes(gateways, shown);
    assertEquals(/[\p{C}\p{Zl}\p{Zp}]/u.test(gateways), false);
    assertEquals(await page.evaluate(`getComputedStyle(document.querySelector(".nodes li")).overflowX`), "hidden");
    assertStringIncludes(await page.evaluate(text("#gateways")), "key not proven");
    assertEquals(page.requests.filter((url) => !url.startsWith(rig.url) && !url.startsWith("data:")), []);
    assertEquals(page.errors, []);

    // The operator's own page, which only this machine sees.
    const [allowed, moved] = [gateway(1).pubKey, mixnode(1).pubKey];
    await rig.directory.decide(allowed, { standing: "allowed" });
    await rig.directory.decide(moved, { standing: "disallowed" });
    await rig.directory.decide(moved, { layer: 2 });
    await page.show(`http://${formatSocketAddress(rig.directory.operatorAddress!)}/`, PHONE);
    await page.until(`document.querySelector("#decided:not([hidden]) dd")`);
    assertStringIncludes(await page.evaluate(text("#decided")), `allowed${allowed}disallowed, layer 2${moved}`);
    assertEquals(await page.evaluate("document.documentElement.scrollWidth"), PHONE.width);
    assertEquals(page.errors, []);
  },
});
