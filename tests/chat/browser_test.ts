import { assert, assertEquals } from "@std/assert";
import { hasChromium } from "../operator/chromium.ts";
import { LOW_CONTRAST } from "../operator/contrast.ts";
import { Program } from "../sandbox/program.ts";
import { ChatWindow } from "./chat_window.ts";

const PICTURE = new URL("../../docs/images/status-page-phone.png", import.meta.url).pathname;
/** The most messages until one of them has to be sent again: with a third of the packets lost, one in a million runs. */
const MOST = 32;

const ignore = !hasChromium();
Deno.test({
  name: `two windows, offline and back, a reload in the middle, a mixnode killed${
    ignore ? " (skipped: Chromium is not installed; NYM_CHROMIUM can name it)" : ""
  }`,
  ignore,
  fn: async () => {
    await using command = new Program("src/chat/command.ts", ["--port", "0", "--hop-delay", "20"]);
    await command.printed("Ctrl-C stops it");
    await using alice = await ChatWindow.open(/(http:\S+)/.exec(command.output)![1]!);
    await using bob = await ChatWindow.open(await alice.invitation());
    await Promise.all([alice.paired(), bob.paired()]);

    await alice.send("hello");
    assertEquals(await bob.received(1), ["hello"]);
    await alice.says("hello", "read");

    // Bob goes: his gateway keeps his mail. A reload of the window that sent it changes nothing.
    await bob.toggle();
    await bob.browser.until(`document.querySelector(".pill").textContent === "Offline"`);
    await alice.send("are you away?");
    await alice.says("are you away?", "waiting in Bob’s mailbox");
    await alice.browser.call("Page.reload");
    await alice.says("are you away?", "waiting in Bob’s mailbox");
    await bob.send("I write on a train"); // and leaves when there is a line
    await bob.says("I write on a train", "sealed");
    await bob.toggle();
    assertEquals((await bob.received(2))[1], "are you away?");
    await alice.says("are you away?", "read");
    assertEquals(await alice.received(1), ["I write on a train"]);

    // A picture is many packets; Bob reloads in the middle of them.
    await alice.sendPicture(PICTURE);
    await alice.browser.until(`document.querySelector("progress")?.value > 0`, 30_000);
    await bob.browser.call("Page.reload");
    await alice.says("", "read");
    assertEquals(await bob.received(3), ["hello", "are you away?", ""]);
    await bob.browser.until(`document.querySelector(".message img")?.naturalHeight === 640`);

    // It can be read on any screen.
    for (const scheme of ["light", "dark"] as const) {
      for (const [width, isPhone] of [[1280, false], [360, true]] as const) {
        await bob.resize({ width, height: 740, isPhone, scheme });
        await bob.browser.until(`document.documentElement.scrollWidth === ${width}`);
        assertEquals(await bob.browser.evaluate(LOW_CONTRAST), [], `${scheme}, ${width} pixels`);
      }
    }

    // A mixnode dies: a third of the packets is lost, and everything arrives.
    await alice.browser.evaluate(`document.querySelector(".mixnode").click()`);
    await bob.browser.until(`document.querySelector(".mixnode.off")`);
    const resent = `document.querySelector(".progress em")`;
    let sent = 0;
    while (sent < MOST && !await alice.browser.evaluate(`Boolean(${resent})`)) await alice.send(`${++sent}`);
    await alice.says(`${sent}`, "read");
    const numbers = Array.from({ length: sent }, (_, i) => `${i + 1}`);
    assertEquals((await bob.received(3 + sent)).slice(3), numbers);
    assert(sent < MOST, "no packet was lost");

    for (const { browser } of [alice, bob]) assertEquals(browser.errors, []);
    command.signal("SIGINT");
    assertEquals(await command.ended(), 0, command.output);
    assertEquals(command.leftBehind(), []);
  },
});
