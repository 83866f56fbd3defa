import type { Network } from "../sandbox/network.ts";
import type { PageScripts } from "./bundle.ts";
import type { ClientRelay } from "./client_relay.ts";
import type { ChatSettings, Place } from "./places.ts";
import type { Sighting, Wire } from "./wire.ts";
import document from "./page/index.html" with { type: "text" };
import style from "./page/style.css" with { type: "text" };

/** ms between two parts of the stream of what passes the wire */
const BEAT = 40;
/** Sightings that wait for the next part; of more, the oldest are left out. */
const MOST_WAITING = 2000;

/** A window's number: short, because any web page can ask for any path. */
const WINDOW = /^[1-9]\d{0,5}$/;
const LAST_WINDOW = 999_999;

/** What the server serves, and from what. */
export interface ChatServerOptions {
  /** where the mixnodes can be switched */
  readonly network: Network;
  /** what the stream shows */
  readonly wire: Wire;
  /** of each gateway, by its key in base58 */
  readonly relays: ReadonlyMap<string, ClientRelay>;
  /** the network's nodes: mixnodes first, in its order */
  readonly places: readonly Place[];
  /** what the page runs */
  readonly scripts: PageScripts;
  /** in ms */
  readonly meanHopDelay: number;
  /** 0 for any */
  readonly port: number;
}

/** Serves the page, and to each window of it a directory, the stream of what passes the wire, and the mixnodes' switches. */
export class ChatServer implements AsyncDisposable {
  readonly #options: ChatServerOptions;
  readonly #run = crypto.randomUUID();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** Aborted at the end: streams have none of their own. */
  readonly #ending = new AbortController();
  readonly #announcements = new Set<() => void>();
  #windows = 0;

  /** Listens on 127.0.0.1. Throws Deno.errors.AddrInUse. */
  constructor(options: ChatServerOptions) {
    this.#options = options;
    const listen = { hostname: "127.0.0.1", port: options.port, onListen: () => {} };
    this.#server = Deno.serve(listen, (request) => this.#answer(request));
  }

  /** Of a new window. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  /** Ends all streams and the server. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, host } = new URL(request.url);
    // A page of another origin can neither read answers nor have others resolve their name to this address.
    if (host !== new URL(this.url).host) return new Response("Not here\n", { status: 421 });
    const [, first, second, ...rest] = pathname.split("/");
    const window = first === "w" && WINDOW.test(second ?? "") ? Number(second) : undefined;
    if (request.method === "PUT" && first === "mixnodes") return await this.#switch(request, second ?? "");
    if (request.method !== "GET") return new Response("Only GET and PUT\n", { status: 405 });
    // The browser keeps the fragment, which may be an invitation, across this.
    if (pathname === "/") return new Response(null, { status: 302, headers: { location: `/w/${this.#newWindow()}` } });
    if (window !== undefined && rest.length === 0) return this.#page(window);
    if (window !== undefined && rest.join("/") === "api/presence/topology") return this.#topologyFor(window);
    if (pathname === "/chat.js") return text(this.#options.scripts.page, "text/javascript");
    if (pathname === "/client.js") return this.#client();
    if (pathname === "/chat.css") return text(style, "text/css");
    if (pathname === "/wire") return this.#stream();
    return new Response("Not found\n", { status: 404 });
  }

  #newWindow(): number {
    return this.#windows = this.#windows % LAST_WINDOW + 1;
  }

  #page(window: number): Response {
    this.#windows = Math.max(this.#windows, window);
    const { meanHopDelay, places } = this.#options;
    const settings: ChatSettings = { run: this.#run, window, meanHopDelay, places };
    const json = JSON.stringify(settings).replaceAll("<", "\\u003c");
    return text(document.replace(/^ *"settings"$/m, () => json), "text/html", {
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data: blob:; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    });
  }

  #client(): Response {
    return text(this.#options.scripts.client, "text/javascript", {
      "content-security-policy":
        "default-src 'none'; script-src 'wasm-unsafe-eval'; connect-src 'self' ws://127.0.0.1:*",
    });
  }

  /** The directory's answer, but with the relays before gateways, so that what a window's client sends can be watched. */
  #topologyFor(window: number): Response {
    const { network, relays } = this.#options;
    const { mixNodes, gatewayNodes } = network.directory.topology();
    const watched = gatewayNodes.map((node) => {
      return { ...node, clientListener: relays.get(node.pubKey)?.urlFor(window) ?? node.clientListener };
    });
    return Response.json({ mixNodes, gatewayNodes: watched }, { headers: { "cache-control": "no-store" } });
  }

  async #switch(request: Request, id: string): Promise<Response> {
    const { network, places } = this.#options;
    const mixnode = network.localMixnodes[places.findIndex((place) => place.id === id)];
    const isOn = await request.text();
    if (request.headers.get("origin") !== new URL(this.url).origin) return new Response("Not you\n", { status: 403 });
    if (!mixnode || !/^(on|off)$/.test(isOn)) return new Response("Not found\n", { status: 404 });
    await mixnode.switch(isOn === "on");
    for (const announce of this.#announcements) announce();
    return new Response(null, { status: 204 });
  }

  /** Server-sent events: `wire` has a list of sightings, `state` what is switched off and connected. */
  #stream(): Response {
    const encoder = new TextEncoder();
    const cleanup = new DisposableStack();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const send = (event: string, data: unknown) => {
          controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
        };
        let waiting: Sighting[] = [];
        let isChanged = true;
        const announce = () => isChanged = true;
        cleanup.use(
          this.#options.wire.watch({ passed: (sighting) => waiting.push(sighting), changed: announce }),
        );
        const beat = setInterval(() => {
          waiting.splice(0, waiting.length - MOST_WAITING);
          if ((controller.desiredSize ?? 0) <= 0) return;
          if (isChanged) send("state", { off: this.#off(), windows: this.#options.wire.connections });
          if (waiting.length > 0) send("wire", waiting);
          isChanged = false;
          waiting = [];
        }, BEAT);
        cleanup.defer(() => clearInterval(beat));
        this.#announcements.add(announce);
        cleanup.defer(() => this.#announcements.delete(announce));
        const end = () => {
          cleanup.dispose();
          controller.close();
        };
        this.#ending.signal.addEventListener("abort", end, { once: true });
        cleanup.defer(() => this.#ending.signal.removeEventListener("abort", end));
      },
      cancel: () => cleanup.dispose(),
    }, { highWaterMark: 16 });
    return new Response(body, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
  }

  #off(): string[] {
    const { network, places } = this.#options;
    return network.localMixnodes.flatMap(({ running }, i) => running ? [] : places[i]!.id);
  }
}

function text(body: string, type: string, headers: Record<string, string> = {}): Response {
  return new Response(body, {
    headers: { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store", ...headers },
  });
}
