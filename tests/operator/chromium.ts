/** Debian's path, unless NYM_CHROMIUM names another. */
const PROGRAM = Deno.env.get("NYM_CHROMIUM") ?? "/usr/bin/chromium";

/** Only loopback: without the requests that a browser makes of its own accord. */
const OPTIONS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  "--remote-debugging-port=0",
];

/** Whether a browser is installed. */
export function hasChromium(): boolean {
  try {
    return Deno.statSync(PROGRAM).isFile;
  } catch {
    return false;
  }
}

/** A screen to show a page on; sizes in CSS pixels. */
export interface Screen {
  width: number;
  height: number;
  /** whether it is a phone's: a touch screen with three device pixels per CSS pixel */
  isPhone: boolean;
  scheme: "light" | "dark";
}

type Answer = { result?: unknown; error?: { message: string } };
type Event = { method?: string; params?: Record<string, unknown> };

/** A headless Chromium with one page, driven by the DevTools protocol. */
export class Chromium implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #folder: string;
  readonly #errors: Promise<void>;
  #socket!: WebSocket;
  #session: string | undefined;
  #calls = 0;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  /** the URLs that the page has requested */
  readonly requests: string[] = [];
  /** uncaught exceptions and log entries of the page, as JSON */
  readonly errors: string[] = [];

  private constructor(options: readonly string[]) {
    this.#folder = Deno.makeTempDirSync({ prefix: "nym-chromium-" });
    const args = [...OPTIONS, ...options, `--user-data-dir=${this.#folder}`, "about:blank"];
    this.#child = new Deno.Command(PROGRAM, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
    this.#errors = this.#connect();
  }

  /** Resolves when the page is ready to be driven. `options`: more of its command line's. */
  static async start(...options: string[]): Promise<Chromium> {
    const chromium = new Chromium(options);
    await chromium.#ready.promise;
    const { targetInfos } = await chromium.call<{ targetInfos: { targetId: string; type: string }[] }>(
      "Target.getTargets",
    );
    const { targetId } = targetInfos.find(({ type }) => type === "page")!;
    const { sessionId } = await chromium.call<{ sessionId: string }>("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    chromium.#session = sessionId;
    for (const domain of ["Page", "Network", "Runtime", "Log"]) await chromium.call(`${domain}.enable`);
    return chromium;
  }

  readonly #ready = Promise.withResolvers<void>();

  /** Calls a method of the DevTools protocol; rejects with its error. */
  call<T>(method: string, params: Record<string, unknown> = {}): Promise<T> {
    const id = ++this.#calls;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#answers.set(id, ({ result, error }) => error ? reject(new Error(error.message)) : resolve(result as T));
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    return promise;
  }

  /** Navigates to `url`, on a screen as described. */
  async show(url: string, { width, height, isPhone, scheme }: Screen): Promise<void> {
    const deviceScaleFactor = isPhone ? 3 : 1;
    await this.call("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor, mobile: isPhone });
    await this.call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await this.call("Page.navigate", { url });
  }

  /** Evaluates an expression in the page; its value must be representable in JSON. */
  async evaluate<T>(expression: string): Promise<T> {
    const parameters = { expression, returnByValue: true, awaitPromise: true };
    const { result } = await this.call<{ result: { value: T } }>("Runtime.evaluate", parameters);
    return result.value;
  }

  /** Waits until an expression in the page is true, for at most `within` ms. Another page may come meanwhile. */
  async until(expression: string, within = 60_000): Promise<void> {
    let cause: unknown;
    const holds = () =>
      this.evaluate<boolean>(`Boolean(${expression})`).catch((error) => {
        cause = error; // one page has gone, and the next is not there
        return false;
      });
    for (const end = Date.now() + within; !await holds();) {
      if (Date.now() > end) throw new Error(`not true within ${within} ms: ${expression}`, { cause });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** A PNG of the whole page. */
  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.call<{ data: string }>("Page.captureScreenshot", { captureBeyondViewport: true });
    return Uint8Array.fromBase64(data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    this.#socket.onclose = () => resolve();
    this.#session = undefined;
    this.call("Browser.close").catch(() => {});
    await closed;
    await this.#child.status;
    await this.#errors;
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #connect(): Promise<void> {
    let text = "";
    for await (const part of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      if (this.#socket !== undefined) continue;
      text += part;
      const address = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
      if (address === undefined) continue;
      this.#socket = new WebSocket(address);
      this.#socket.onopen = () => this.#ready.resolve();
      this.#socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    }
    this.#ready.reject(new Error(`Chromium ended, with this output:\n${text}`));
    this.#ready.promise.catch(() => {});
  }

  #take(message: { id?: number } & Answer & Event): void {
    if (message.id !== undefined) {
      this.#answers.get(message.id)?.(message);
      this.#answers.delete(message.id);
      return;
    }
    const { method, params = {} } = message;
    if (method === "Network.requestWillBeSent") this.requests.push((params["request"] as { url: string }).url);
    if (method === "Runtime.exceptionThrown") this.errors.push(JSON.stringify(params["exceptionDetails"]));
    if (method === "Log.entryAdded") this.errors.push(JSON.stringify(params["entry"]));
  }
}
