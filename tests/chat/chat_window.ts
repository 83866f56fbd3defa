import { Chromium, type Screen } from "../operator/chromium.ts";

const SCREEN: Screen = { width: 1280, height: 800, isPhone: false, scheme: "light" };

/** The keys that tests press: their codes, and the text that they type. */
const KEYS = {
  Tab: [9, ""],
  Enter: [13, "\r"],
  Space: [32, " "],
  ArrowLeft: [37, ""],
  ArrowRight: [39, ""],
} as const;
/** More than the page has. */
const MOST_TABS = 40;

/** A node of the accessibility tree. */
interface Spoken {
  role: { value: string };
  name?: { value: string };
}

/** One window of the chat, in a browser of its own. */
export class ChatWindow implements AsyncDisposable {
  private constructor(readonly browser: Chromium) {}

  /** Opens the page, or an invitation. */
  static async open(url: string): Promise<ChatWindow> {
    const browser = await Chromium.start();
    await browser.show(url, SCREEN);
    return new ChatWindow(browser);
  }

  /** Shows what is there on another screen. */
  async resize({ width, height, isPhone, scheme }: Screen): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: isPhone };
    await this.browser.call("Emulation.setDeviceMetricsOverride", metrics);
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.browser.call("Emulation.setEmulatedMedia", { features });
  }

  /** The link for the other window. */
  async invitation(): Promise<string> {
    await this.browser.until(`document.querySelector(".invitation a")`);
    return await this.browser.evaluate(`document.querySelector(".invitation a").href`);
  }

  /** Resolves when the two windows are paired. */
  async paired(): Promise<void> {
    await this.browser.until(`document.querySelector(".text:enabled")`);
  }

  /** Types a message and sends it, as a user of the page does. */
  async send(text: string): Promise<void> {
    await this.browser.evaluate(`document.querySelector(".text").focus()`);
    await this.browser.call("Input.insertText", { text });
    await this.browser.until(`document.querySelector(".composer .primary:enabled")`);
    await this.browser.evaluate(`document.querySelector(".composer .primary").click()`);
    await this.browser.until(`${own(text)}`);
  }

  /** Chooses a picture file. */
  async sendPicture(path: string): Promise<void> {
    const { root } = await this.browser.call<{ root: { nodeId: number } }>("DOM.getDocument");
    const { nodeId } = await this.browser.call<{ nodeId: number }>("DOM.querySelector", {
      nodeId: root.nodeId,
      selector: "input[type=file]",
    });
    await this.browser.call("DOM.setFileInputFiles", { nodeId, files: [path] });
    await this.browser.until(`document.querySelector(".message.own img")`);
  }

  /** Resolves when what is said of an own message contains `state`. */
  async says(text: string, state: string): Promise<void> {
    await this.browser.until(`${own(text)}?.textContent.includes(${JSON.stringify(state)})`);
  }

  /** What the other has written, once it is `count` messages; a picture is "". */
  async received(count: number): Promise<string[]> {
    const messages = `Array.from(document.querySelectorAll(".message:not(.own)"))`;
    await this.browser.until(`${messages}.length >= ${count}`);
    return await this.browser.evaluate(`${messages}.map((each) => each.querySelector("p")?.textContent ?? "")`);
  }

  /**
   * What is stored is from now on as after a crash: the conversation has the message `sent`, and the log does not know
   * so; the log has the line `unsent`, and the conversation does not. To be followed by a reload.
   */
  async crash(sent: string, unsent: string): Promise<void> {
    await this.browser.evaluate(`(async (sent, unsent) => {
      const { run, window } = JSON.parse(document.getElementById("settings").textContent);
      const done = (request) => new Promise((resolve) => request.onsuccess = () => resolve(request.result));
      const database = await done(indexedDB.open("chat-" + run + "-" + window + "-log"));
      const table = database.transaction("entries", "readwrite").objectStore("entries");
      const [keys, entries] = await Promise.all([done(table.getAllKeys()), done(table.getAll())]);
      const at = entries.findIndex(({ text }) => text === sent);
      const { message, ...entry } = { ...entries[at], state: "sealed" };
      await done(table.put(entry, keys[at]));
      await done(table.put({ ...entry, id: crypto.randomUUID(), text: unsent }, Math.max(...keys) + 1));
      database.close();
    })(${JSON.stringify(sent)}, ${JSON.stringify(unsent)})`);
  }

  /** Reloads the page. Resolves when the new one is there. */
  async reload(): Promise<void> {
    await this.browser.evaluate(`globalThis.isOld = true`);
    await this.browser.call("Page.reload");
    await this.browser.until(`!globalThis.isOld`);
  }

  /** Presses a key, and lets it go. */
  async press(name: keyof typeof KEYS): Promise<void> {
    const [windowsVirtualKeyCode, text] = KEYS[name];
    const key = name === "Space" ? " " : name;
    await this.browser.call("Input.dispatchKeyEvent", {
      type: "keyDown",
      key,
      code: name,
      windowsVirtualKeyCode,
      text,
    });
    await this.browser.call("Input.dispatchKeyEvent", { type: "keyUp", key, code: name, windowsVirtualKeyCode });
  }

  /** What a screen reader says of an element: its role and name, as in `button Send`. The one with the focus by default. */
  async spoken(element = "document.activeElement"): Promise<string> {
    const { result: { objectId } } = await this.browser.call<{ result: { objectId: string } }>("Runtime.evaluate", {
      expression: element,
    });
    const { nodes: [node] } = await this.browser.call<{ nodes: Spoken[] }>("Accessibility.getPartialAXTree", {
      objectId,
      fetchRelatives: false,
    });
    return `${node!.role.value} ${node!.name?.value ?? ""}`.trim();
  }

  /** Presses Tab until an element is reached that is spoken like this. */
  async tabTo(spoken: string): Promise<void> {
    for (let tabs = 0; await this.spoken() !== spoken; tabs++) {
      if (tabs > MOST_TABS) throw new Error(`Tab does not reach ${spoken}`);
      await this.press("Tab");
    }
  }

  /** Goes off line or on line. */
  async toggle(): Promise<void> {
    await this.browser.evaluate(`document.querySelector("[role=switch]").click()`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser[Symbol.asyncDispose]();
  }
}

/** The own message with a text; of pictures, the last. */
function own(text: string): string {
  return `Array.from(document.querySelectorAll(".message.own"))
    .findLast((each) => (each.querySelector("p:not(.progress)")?.textContent ?? "") === ${JSON.stringify(text)})`;
}
