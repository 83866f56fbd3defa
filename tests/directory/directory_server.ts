/** What a request gets: a status and a body, or whatever the test thinks up. */
export type Answer = (request: Request) => Response | Promise<Response>;

/** A directory on a real local port that answers as it is told to, and remembers what it got. */
export class DirectoryServer implements AsyncDisposable {
  /** how the two requests are answered from now on */
  presence: Answer = () => Response.json({ ok: true }, { status: 201 });
  topology: Answer = () => Response.json({ cocoNodes: [], mixNodes: [], mixProviderNodes: [], gatewayNodes: [] });
  /** bodies of the presences that were posted */
  readonly posted: string[] = [];
  readonly url: string;
  /** requests that came */
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

  /** An answer that does not come as long as the server runs. */
  readonly never: Answer = () => this.#ended.promise;

  /** Resolves once `count` more requests have come in. */
  async requests(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ count: this.#requests + count, resolve });
    await promise;
  }

  async #answer(request: Request): Promise<Response> {
    const body = await request.text();
    const path = new URL(request.url).pathname;
    this.#requests++;
    const arrived = this.#waiting.filter(({ count }) => count <= this.#requests);
    this.#waiting = this.#waiting.filter(({ count }) => count > this.#requests);
    for (const { resolve } of arrived) resolve();
    if (request.method === "GET" && path === "/api/presence/topology") return await this.topology(request);
    if (request.method !== "POST" || path !== "/api/presence/gateways") return new Response(null, { status: 404 });
    this.posted.push(body);
    return await this.presence(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.resolve(new Response());
    this.#ending.abort();
    await this.#server.finished;
  }
}
