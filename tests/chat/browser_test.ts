import { assert, assertEquals } from "@std/assert";
import { hasChromium } from "../operator/chromium.ts";
import { LOW_CONTRAST } from "../operator/contrast.ts";
import { Program } from "../sandbox/program.ts";
import { ChatWindow } from "./chat_window.ts";

const PICTURE = new URL("../../docs/images/status-page-phone.png", import.meta.url).pathname;
/** With a third of the packets lost, none of these has to be sent again in one of a million runs. */
const MESSAGES = 32;

/** In the picture of the network. */
const MIXNODES = 9;

/** Each goes through everything once: CHAT_ROUNDS=20 for the long form. */
const ROUNDS = Number(Deno.env.get("CHAT_ROUNDS") ?? 1);

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
    await inWorker(alice);
    const [toAlice, toBob]: [string[], string[]] = [[], []];

    for (let round = 1; round <= ROUNDS; round++) {
      await away(alice, bob, round, toAlice, toBob);
      await reloaded(alice, bob, toBob);
      await killed(alice, bob, round, toBob);
    }
    assertEquals(await bob.received(toBob.length), toBob);
    assertEquals(await alice.received(toAlice.length), toAlice);
    await readable(bob);
    await byKeyboard(alice);
    for (const { browser } of [alice, bob]) assertEquals(browser.errors, []);
    command.signal("SIGINT");
    assertEquals(await command.ended(), 0, command.output);
    assertEquals(command.leftBehind(), []);
  },
});

/** Bob goes: his gateway keeps his mail. A reload of the window that sent it changes nothing, not even after a crash. */
async function away(alice: ChatWindow, bob: ChatWindow, round: number, toAlice: string[], toBob: string[]) {
  const [hello, question] = [`hello ${round}`, `are you away? ${round}`] as const;
  const [unsent, answer] = [`still there? ${round}`, `on a train ${round}`] as const;
  await alice.send(hello);
  await alice.says(hello, "read");
  await bob.toggle();
  await bob.browser.until(`document.querySelector(".pill").textContent === "Offline"`);
  await alice.send(question);
  await alice.says(question, "waiting in Bob’s mailbox");
  await alice.crash(hello, unsent);
  await alice.reload();
  await bob.send(answer); // and leaves when there is a line
  await bob.says(answer, "sealed");
  await alice.says(question, "waiting in Bob’s mailbox");
  await bob.toggle();
  for (const text of [hello, question, unsent]) await alice.says(text, "read");
  await bob.says(answer, "read");
  toBob.push(hello, question, unsent);
  toAlice.push(answer);
}

/** A picture is many packets; Bob reloads in the middle of them. */
async function reloaded(alice: ChatWindow, bob: ChatWindow, toBob: string[]) {
  await alice.sendPicture(PICTURE);
  await alice.browser.until(`document.querySelector("progress")`);
  await bob.reload();
  await alice.says("", "read");
  toBob.push("");
  await bob.received(toBob.length);
  await bob.browser.until(`Array.from(document.querySelectorAll(".message img")).at(-1)?.naturalHeight === 640`);
}

/**
 * A mixnode dies: a third of the packets is lost, and everything arrives. Each round has another one: for up to half a
 * minute after it is back, a client may not know that, and lose no packet when it dies again.
 */
async function killed(alice: ChatWindow, bob: ChatWindow, round: number, toBob: string[]) {
  const mixnode = `document.querySelectorAll(".mixnode")[${(round - 1) % MIXNODES}]`;
  const click = `${mixnode}.click()`;
  await alice.browser.until(`${mixnode}.matches("[aria-disabled=false]")`);
  await alice.browser.evaluate(click);
  await bob.browser.until(`document.querySelector(".mixnode.off")`);
  // It is shown for a moment only, which may be over before a slow machine looks.
  await alice.browser.evaluate(`new MutationObserver((_, observer) => {
    if (!document.querySelector(".progress em")) return;
    globalThis.wasResent = ${round};
    observer.disconnect();
  }).observe(document.body, { childList: true, subtree: true })`);
  for (let sent = 1; sent <= MESSAGES; sent++) {
    await alice.send(`${round}/${sent}`);
    toBob.push(`${round}/${sent}`);
  }
  await alice.browser.until(`globalThis.wasResent === ${round}`);
  await alice.says(`${round}/${MESSAGES}`, "read");
  await alice.browser.evaluate(click);
  await bob.browser.until(`!document.querySelector(".mixnode.off")`);
}

/** The client is in a worker, whose timers keep their time while the window is hidden. */
async function inWorker({ browser }: ChatWindow) {
  const { targetInfos } = await browser.call<{ targetInfos: { type: string; url: string }[] }>("Target.getTargets");
  const workers = targetInfos.filter(({ type }) => type === "shared_worker");
  assertEquals(workers.map(({ url }) => new URL(url).pathname), ["/client.js"]);
}

/** Everything can be done without a mouse, in the order in which it is seen, and says what it is. */
async function byKeyboard(window: ChatWindow) {
  const { browser } = window;
  const layers = [1, 2, 3].flatMap((layer) =>
    [0, 3, 6].map((more) => `switch Mixnode ${layer + more} of layer ${layer}`)
  );
  const places = ["DisclosureTriangle Safety number", "log Messages", "button Send a picture", "textbox Message"];
  const stops = ["switch Online", ...places, "radio What I know", ...layers, "slider Cover traffic"];
  await browser.evaluate(`document.querySelector("[role=switch]").focus()`);
  const spoken: string[] = [];
  for (const _ of stops) {
    spoken.push(await window.spoken());
    assert(await browser.evaluate(FOCUS_SHOWS), `the focus does not show: ${spoken.at(-1)}`);
    await window.press("Tab");
  }
  assertEquals(spoken, stops);
  for (const [selector, role] of [[".pill", "status"], [".log", "log"], [".picture canvas", "image"]]) {
    const text = await window.spoken(`document.querySelector("${selector}")`);
    assert(text.startsWith(`${role}`) && (role === "status" || text !== role), `${selector} is spoken as ${text}`);
  }

  await browser.evaluate(`document.querySelector("[role=switch]").focus()`);
  for (const state of ["Offline", "Connected"]) {
    await window.press("Space");
    await browser.until(`document.querySelector(".pill").textContent === "${state}"`);
  }
  await window.tabTo("textbox Message");
  await browser.call("Input.insertText", { text: "by keyboard" });
  await browser.until(`document.querySelector(".composer .primary:enabled")`);
  await window.tabTo("button Send");
  await window.press("Space");
  await window.says("by keyboard", "read");
  assertEquals(await window.spoken(), "textbox Message");
  await window.tabTo("radio What I know");
  await window.press("ArrowLeft");
  assertEquals(await window.spoken(), "radio What a watcher sees");
  await window.tabTo("switch Mixnode 1 of layer 1");
  for (const isOn of ["false", "true"]) {
    await window.press("Enter");
    await browser.until(`document.activeElement.matches("[aria-checked=${isOn}][aria-disabled=false]")`);
  }
  await window.tabTo("slider Cover traffic");
  for (const [key, cover] of [["ArrowLeft", "none"], ["ArrowRight", "loop"]] as const) {
    await window.press(key);
    await browser.until(`document.activeElement.ariaValueText === "${cover}"`);
    await browser.until(`document.querySelector(".pill").textContent === "Connected"`);
  }
}

/** Whether whatever has the focus is outlined, or what stands for it. */
const FOCUS_SHOWS = `(() => {
  const { activeElement } = document;
  const drawn = getComputedStyle(activeElement).opacity === "0" ? activeElement.nextElementSibling : activeElement;
  return getComputedStyle(drawn).outlineStyle === "solid" && drawn.checkVisibility();
})()`;

/** The page can be read on any screen. */
async function readable(window: ChatWindow) {
  for (const scheme of ["light", "dark"] as const) {
    for (const [width, isPhone] of [[1280, false], [360, true]] as const) {
      await window.resize({ width, height: 740, isPhone, scheme });
      await window.browser.until(`document.documentElement.scrollWidth === ${width}`);
      assertEquals(await window.browser.evaluate(LOW_CONTRAST), [], `${scheme}, ${width} pixels`);
    }
  }
}
