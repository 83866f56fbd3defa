import { Chromium, type Screen } from "../operator/chromium.ts";

const SCREEN: Screen = { width: 1280, height: 800, isPhone: false, scheme: "light" };

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
    await this.browser.until(`document.querySelector(".invitation a")`, 30_000);
    return await this.browser.evaluate(`document.querySelector(".invitation a").href`);
  }

  /** Resolves when the two windows are paired. */
  async paired(): Promise<void> {
    await this.browser.until(`document.querySelector(".text:enabled")`, 30_000);
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
    await this.browser.until(`${own(text)}?.textContent.includes(${JSON.stringify(state)})`, 30_000);
  }

  /** What the other has written, once it is `count` messages; a picture is "". */
  async received(count: number): Promise<string[]> {
    const messages = `Array.from(document.querySelectorAll(".message:not(.own)"))`;
    await this.browser.until(`${messages}.length >= ${count}`, 30_000);
    return await this.browser.evaluate(`${messages}.map((each) => each.querySelector("p")?.textContent ?? "")`);
  }

  /** Begins to reload the page. */
  async reload(): Promise<void> {
    await this.browser.evaluate(`globalThis.isOld = true`);
    await this.browser.call("Page.reload");
  }

  /** Whether the page is another one than before `reload`. */
  async wasReloaded(): Promise<boolean> {
    return !await this.browser.evaluate<boolean>(`Boolean(globalThis.isOld)`);
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
