import { assert, assertEquals } from "@std/assert";
import { isCoverMessage } from "../../src/peap/traffic.ts";
import { Chromium, hasChromium } from "../operator/chromium.ts";
import { FakeNetwork } from "../peap/fake_network.ts";
import { eventually } from "../support/eventually.ts";

const isSkipped = hasChromium() ? "" : " (skipped: no Chromium)";
const SCREEN = { width: 400, height: 300, isPhone: false, scheme: "light" } as const;

/** A tab: its client, the texts of the messages that its loop has seen, and whether its lock is held. */
const TAB = `<!DOCTYPE html><title>tab</title><script type="module">
  import { SharedPeap } from "./page.js";
  const { searchParams } = new URL(location.href);
  const script = new URL("worker.js" + searchParams.get("options"), location.href);
  globalThis.messages = [];
  globalThis.givingUp = new AbortController();
  const { signal } = givingUp;
  const { locks } = navigator;
  if (searchParams.has("insecure")) Object.defineProperty(navigator, "locks", { value: undefined }); // as without https
  const connecting = SharedPeap.connect({ script, kind: searchParams.get("kind"), signal });
  locks.request(crypto.randomUUID(), () => globalThis.isLocked = true); // locks are granted in order
  globalThis.client = await connecting;
  for await (const message of client) messages.push(message.text());
</script>`;

/** Serves tabs, their scripts and the network's directory from one origin. */
async function serveTabs(
  network: FakeNetwork,
  connecting: () => Promise<void> | void,
): Promise<Deno.HttpServer<Deno.NetAddr>> {
  const [page, worker] = await Promise.all(["../../src/tabs/mod.ts", "worker_script.ts"].map(bundle));
  const answer = (body: string | Uint8Array<ArrayBuffer>, type: string) =>
    new Response(body, { headers: { "content-type": type } });
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const { pathname } = new URL(url);
    if (pathname === "/page.js") return answer(page!, "text/javascript");
    if (pathname === "/worker.js") return answer(worker!, "text/javascript");
    if (pathname === "/tab") return answer(TAB, "text/html");
    if (pathname === "/connecting") {
      await connecting();
      return answer("", "text/plain");
    }
    if (pathname === "/") return answer("<!DOCTYPE html><title>tabs</title>", "text/html");
    return fetch(network.directory + pathname);
  });
}

async function bundle(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const args = ["bundle", "--quiet", "--platform", "browser", new URL(name, import.meta.url).pathname];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return stdout;
}

Deno.test({
  name: `in a real browser, tabs share a client, whoever closes; hidden ones do not slow it down${isSkipped}`,
  ignore: isSkipped !== "",
  async fn(t) {
    await using network = new FakeNetwork(true);
    const arrivals: number[] = [];
    network.answers.packet = () => {
      arrivals.push(performance.now());
      return { type: "send", status: true };
    };
    let clients = 0;
    let mayConnect = Promise.resolve();
    await using server = await serveTabs(network, () => {
      clients++;
      return mayConnect;
    });
    await using chromium = await Chromium.start();
    const origin = `http://127.0.0.1:${server.addr.port}/`;
    const run = <T>(script: string) => chromium.evaluate<T>(script);

    /** Frames are tabs, too: each has its own global object, locks and workers. */
    async function openTabs(kind: string, options: string, until = "client", ofA = ""): Promise<void> {
      await chromium.show(origin, SCREEN);
      await chromium.until(`document.title === "tabs"`);
      const url = `tab?kind=${kind}&options=${encodeURIComponent(options)}`;
      for (const [tab, src] of [["a", url + ofA], ["b", url]]) {
        await run(`${tab} = document.body.appendChild(document.createElement("iframe")), ${tab}.src = "${src}", 0`);
        await chromium.until(`${tab}.contentWindow.${until}`);
      }
    }

    for (const kind of ["shared", "dedicated"]) {
      await t.step(`kind: ${kind}`, async () => {
        clients = 0;
        await openTabs(kind, `?meanSendGap=50&meanCoverGap=${kind === "shared" ? 1000 : 1001}`);
        const address = await run<string>("a.contentWindow.client.address");
        const client = network.client(address);
        assertEquals(await run("b.contentWindow.client.address"), address);
        assertEquals(clients, 1);

        await run(`a.contentWindow.client.send(${JSON.stringify(address)}, "from a")`);
        for (const tab of ["a", "b"]) await chromium.until(`${tab}.contentWindow.messages.includes("from a")`);
        await eventually("the message is taken", () => client.inbox.every(isCoverMessage));

        await run("a.remove()"); // the leader, where there is one
        if (kind === "dedicated") await eventually("b leads", () => clients === 2);
        await chromium.until(`b.contentWindow.client.state.state === "connected"`);
        await run(`b.contentWindow.client.send(${JSON.stringify(address)}, "from b")`);
        await chromium.until(`b.contentWindow.messages.includes("from b")`);
        assertEquals(await run("b.contentWindow.messages"), ["from a", "from b"]);
        assertEquals(clients, kind === "dedicated" ? 2 : 1);

        await run("b.contentWindow.client.close()");
        await eventually("the client ends with the last tab", () => client.socket === undefined);
      });
    }

    await t.step("tabs that leave while a SharedWorker connects are not there afterwards", async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      [clients, mayConnect] = [0, promise];
      const logins = network.logins.length;
      await openTabs("shared", "?meanSendGap=51", "isLocked", "&insecure");
      await eventually("the worker connects", () => clients === 1);
      await run("a.contentWindow.givingUp.abort()");
      await run("b.remove()");
      resolve();
      await eventually("the client logs in", () => network.logins.length > logins);
      const { address } = network.logins.at(-1)!;
      await eventually("and ends", () => network.client(address).socket === undefined);
    });

    for (const kind of ["shared", "dedicated"]) {
      await t.step(`hidden, kind: ${kind}`, async () => {
        await openTabs(kind, `?meanSendGap=100&meanCoverGap=${kind === "shared" ? 100 : 101}`);
        await chromium.call("Target.createTarget", { url: "about:blank" }); // a new tab, in front of this one
        await chromium.until(`document.visibilityState === "hidden"`);
        await run(`(function tick() { globalThis.ticks = (globalThis.ticks ?? -1) + 1; setTimeout(tick, 10) })()`);
        arrivals.length = 0;
        await eventually("many packets have been sent", () => arrivals.length >= 60);
        const phases = arrivals.map((at) => 2 * Math.PI * at / 1000);
        const mean = (of: (phase: number) => number) =>
          phases.reduce((sum, phase) => sum + of(phase), 0) / phases.length;
        const ticks = await run<number>("ticks");
        // Two streams with timers like the page's would send at most twice a tick, also on a slow machine.
        assert(arrivals.length > 3 * ticks, `${arrivals.length} packets while the page had ${ticks} ticks`);
        // 0 for uniform phases, 1 for a beat; uniform ones exceed 0.5 with probability exp(-60 / 4)
        const beat = Math.hypot(mean(Math.cos), mean(Math.sin));
        assert(beat < 0.5, `the packets follow a beat of one second: ${beat}`);
        for (const tab of ["a", "b"]) await run(`${tab}.contentWindow.client.close()`);
        await chromium.call("Page.bringToFront");
      });
    }
  },
});
