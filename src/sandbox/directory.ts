import { parseTopology, type Topology } from "../protocol/topology.ts";
import { formatSocketAddress, type SocketAddress } from "../addresses/socket_address.ts";

/** A node disappears from the topology after this long without an announcement, in ms (spec §6). */
const EXPIRY = 10_000;
const MINIMUM_MIXNODE_VERSION = [0, 6, 0] as const;

interface Seen<Node> {
  node: Node;
  /** ms since 1970 */
  at: number;
}

/**
 * A directory server with the 0.7.0 HTTP API (spec §6), for a network on one machine. It trusts whatever is posted and
 * keeps it in memory.
 */
export class Directory {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #mixnodes = new Map<string, Seen<Topology["mixNodes"][number]>>();
  readonly #gateways = new Map<string, Seen<Topology["gatewayNodes"][number]>>();
  readonly #now: () => number;

  /** Listens on `address` (port 0: any free one). `now` is a clock in ms since 1970. */
  constructor({ host, port }: SocketAddress, now = Date.now) {
    this.#now = now;
    const routes = (request: Request) => this.#answer(request);
    this.#server = Deno.serve({ hostname: host, port, onListen: () => {} }, routes);
  }

  /** The base URL, without a trailing slash. */
  get url(): string {
    const { hostname, port } = this.#server.addr;
    return `http://${formatSocketAddress({ host: hostname, port })}`;
  }

  /** The nodes that have announced themselves within the last ten seconds. */
  topology(): Topology {
    return { mixNodes: this.#current(this.#mixnodes), gatewayNodes: this.#current(this.#gateways) };
  }

  /** Finishes the requests in progress and stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    switch (`${request.method} ${new URL(request.url).pathname}`) {
      case "GET /api/healthcheck":
        return Response.json({ ok: true });
      case "GET /api/presence/topology":
        return Response.json({ cocoNodes: [], mixProviderNodes: [], ...this.topology() });
      case "POST /api/presence/mixnodes":
        return this.#addMixnode(await bodyOf(request));
      case "POST /api/presence/gateways":
        return this.#addGateway(await bodyOf(request));
      case "POST /api/metrics/mixes":
        return await bodyOf(request) === undefined ? refused(400, "not JSON") : accepted();
      default:
        return new Response("404 page not found", { status: 404 });
    }
  }

  #addMixnode(json: unknown): Response {
    const node = parseTopology({ mixNodes: [json], gatewayNodes: [] })?.mixNodes[0];
    if (node === undefined || node.version === "") return refused(400, "not a mixnode's presence");
    if (!isSupported(node.version)) {
      return refused(422, `Minimum support mixnode version is ${MINIMUM_MIXNODE_VERSION.join(".")}`);
    }
    this.#mixnodes.set(node.pubKey, { node, at: this.#now() });
    return accepted();
  }

  #addGateway(json: unknown): Response {
    const node = parseTopology({ mixNodes: [], gatewayNodes: [json] })?.gatewayNodes[0];
    if (node === undefined || node.version === "") return refused(400, "not a gateway's presence");
    this.#gateways.set(node.pubKey, { node, at: this.#now() });
    return accepted();
  }

  #current<Node>(nodes: Map<string, Seen<Node>>): (Node & { lastSeen: number })[] {
    const oldest = this.#now() - EXPIRY;
    for (const [key, { at }] of nodes) if (at < oldest) nodes.delete(key);
    return [...nodes.values()].map(({ node, at }) => ({ ...node, lastSeen: at * 1e6 }));
  }
}

/** The parsed body; undefined if it is not JSON. */
async function bodyOf(request: Request): Promise<unknown> {
  return await request.json().catch(() => undefined);
}

function isSupported(version: string): boolean {
  const parts = version.split(".").map(Number);
  const different = MINIMUM_MIXNODE_VERSION.findIndex((part, i) => parts[i] !== part);
  return different < 0 || parts[different]! > MINIMUM_MIXNODE_VERSION[different]!;
}

function accepted(): Response {
  return Response.json({ ok: true }, { status: 201 });
}

function refused(status: number, error: string): Response {
  return Response.json({ error }, { status });
}
