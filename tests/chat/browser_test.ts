import { assert, assertEquals } from "@std/assert";
import { hasChromium } from "../operator/chromium.ts";
import { LOW_CONTRAST } from "../operator/contrast.ts";
import { Program } from "../sandbox/program.ts";
import { ChatWindow } from "./chat_window.ts";

const PICTURE = new URL("../../docs/images/status-page-phone.png", import.meta.url).pathname;
/** With a third of the packets lost, none of these has to be sent again in one of a million runs. */
const MESSAGES = 32;

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
    const [toAlice, toBob]: [string[], string[]] = [[], []];

    for (let round = 1; round <= ROUNDS; round++) {
      await away(alice, bob, round, toAlice, toBob);
      await reloaded(alice, bob, toBob);
      await killed(alice, bob, round, toBob);
    }
    assertEquals(await bob.received(toBob.length), toBob);
    assertEquals(await alice.received(toAlice.length), toAlice);
    await readable(bob);
    for (const { browser } of [alice, bob]) assertEquals(browser.errors, []);
    command.signal("SIGINT");
    assertEquals(await command.ended(), 0, command.output);
    assertEquals(command.leftBehind(), []);
  },
});

/** Bob goes: his gateway keeps his mail. A reload of the window that sent it changes nothing. */
async function away(alice: ChatWindow, bob: ChatWindow, round: number, toAlice: string[], toBob: string[]) {
  const [hello, question, answer] = [`hello ${round}`, `are you away? ${round}`, `on a train ${round}`] as const;
  await alice.send(hello);
  await alice.says(hello, "read");
  await bob.toggle();
  await bob.browser.until(`document.querySelector(".pill").textContent === "Offline"`);
  await alice.send(question);
  await alice.says(question, "waiting in Bob’s mailbox");
  await alice.reload();
  await bob.send(answer); // and leaves when there is a line
  await bob.says(answer, "sealed");
  await alice.says(question, "waiting in Bob’s mailbox");
  await bob.toggle();
  await alice.says(question, "read");
  await bob.says(answer, "read");
  assert(await alice.wasReloaded());
  toBob.push(hello, question);
  toAlice.push(answer);
}

/** A picture is many packets; Bob reloads in the middle of them. */
async function reloaded(alice: ChatWindow, bob: ChatWindow, toBob: string[]) {
  await alice.sendPicture(PICTURE);
  await alice.browser.until(`document.querySelector("progress")?.value > 0`, 30_000);
  await bob.reload();
  await alice.says("", "read");
  toBob.push("");
  await bob.received(toBob.length);
  await bob.browser.until(`Array.from(document.querySelectorAll(".message img")).at(-1)?.naturalHeight === 640`);
  assert(await bob.wasReloaded());
}

/** A mixnode dies: a third of the packets is lost, and everything arrives. */
async function killed(alice: ChatWindow, bob: ChatWindow, round: number, toBob: string[]) {
  const click = `document.querySelector(".mixnode:enabled").click()`;
  await alice.browser.evaluate(click);
  await bob.browser.until(`document.querySelector(".mixnode.off")`);
  const resent = `Boolean(document.querySelector(".progress em"))`;
  for (let sent = 1; sent <= MESSAGES; sent++) {
    await alice.send(`${round}/${sent}`);
    toBob.push(`${round}/${sent}`);
  }
  await alice.browser.until(resent, 60_000);
  await alice.says(`${round}/${MESSAGES}`, "read");
  await alice.browser.evaluate(click);
  await bob.browser.until(`!document.querySelector(".mixnode.off")`);
}

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
