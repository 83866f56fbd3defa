import { CHALLENGE_PATH } from "../../src/protocol/node_proof.ts";

/** Answers a request, in whatever way the test needs. */
export type Answer = (request: Request) => Response | Promise<Response>;

/** A directory on a real local port that answers as a test wants, and records the requests. */
export class DirectoryServer implements AsyncDisposable {
  /** how the two kinds of requests are answered; may be replaced at any time */
  presence: Answer = () => Response.json({ ok: true }, { status: 201 });
  topology: Answer = () => Response.json({ cocoNodes: [], mixNodes: [], mixProviderNodes: [], gatewayNodes: [] });
  /** the bodies of the announcements */
  readonly posted: string[] = [];
  readonly url: string;
  /** the number of requests */
  get asked(): number {
    return this.#requests;
  }
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #ending = new AbortController();
  readonly #ended = Promise.withResolvers<Response>();
  #requests = 0;
  #waiting: { count: number; resolve: () => void }[] = [];

  constructor() {
    const settings = { hostname: "127.0.0.1", port: 0, signal: this.#ending.signal, onListen: () => {} };
    this.#server = Deno.serve(settings, (request) => this.#answer(request));
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** An answer that does not arrive while the server runs. */
  readonly never: Answer = () => this.#ended.promise;

  /** Resolves after `count` more requests. */
  async requests(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ count: this.#requests + count, resolve });
    await promise;
  }

  async #answer(request: Request): Promise<Response> {
    const body = await request.text();
    const path = new URL(request.url).pathname;
    if (path === CHALLENGE_PATH) return new Response(null, { status: 404 }); // as 0.7.0 answers; not counted
    this.#requests++;
    const arrived = this.#waiting.filter(({ count }) => count <= this.#requests);
    this.#waiting = this.#waiting.filter(({ count }) => count > this.#requests);
    for (const { resolve } of arrived) resolve();
    if (request.method === "GET" && path === "/api/presence/topology") return await this.topology(request);
    if (request.method !== "POST" || !/^\/api\/presence\/(gateways|mixnodes)$/.test(path)) {
      return new Response(null, { status: 404 });
    }
    this.posted.push(body);
    return await this.presence(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.resolve(new Response());
    this.#ending.abort();
    await this.#server.finished;
  }
}
