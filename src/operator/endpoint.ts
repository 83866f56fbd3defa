import { type CounterName, COUNTERS } from "../counting/counter_table.ts";
import { logger, warnings } from "../logging/log.ts";
import { pause } from "../timing/pause.ts";
import type { SocketAddress } from "../addresses/socket_address.ts";
import { isAskedFor } from "./asked_host.ts";
import { CONTENT_TYPE, exposition, type Sources } from "./exposition.ts";
import { type CheckResult, type Health, worst } from "./health.ts";
import { COLUMNS, History } from "./history.ts";
import { settingsOf } from "./settings.ts";
import page from "./status_page.html" with { type: "text" };

/** What the endpoint shows of the gateway. */
export interface Watched extends Sources {
  readonly health: Health;
  readonly name: string;
  readonly location: string;
  /** what others know the gateway by: its public key (base58), the addresses that it announces, and where it does */
  readonly identity: {
    readonly publicKey: string;
    readonly mixnet: string;
    readonly clients: string;
    readonly directory: string;
  };
  /** as in config.ts; it holds no secrets */
  readonly configuration: object;
  /** hosts besides this machine and its addresses that may be asked for, in their one form (asked_host.ts) */
  readonly allowedHosts: () => readonly string[];
}

const log = logger("nym_gateway::operator");

/** A server that could not be made anew is tried again after this many ms. */
const SERVE_RETRY = 100;

/** Ten minutes, and a day; ms and samples. */
const RANGES = { minutes: { interval: 2_000, length: 300 }, day: { interval: 300_000, length: 288 } } as const;

/** The page holds all it needs; nothing else may be loaded, nor may it be shown inside another site's page. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Counters of packets and messages that got no further. */
const DROPS: readonly string[] = [
  "packets_dropped_total",
  "forwarder_packets_total",
  "messages_refused_total",
  "messages_lost_total",
];

const NOT_ASKED_FOR = "The gateway does not answer for that host. To allow it: allowed_hosts in [operator].\n";

/**
 * What the operator looks at, over HTTP: `/` a status page, `/metrics` for Prometheus, `/healthz` (it runs) and `/readyz`
 * (it serves; each check with its reason). It changes nothing, knows no client by name, and asks for no password: it is
 * for loopback, or a network of the operator's own.
 */
export class OperatorEndpoint {
  #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #closing = new AbortController();
  readonly #histories: Readonly<Record<keyof typeof RANGES, History>>;

  private constructor(address: SocketAddress, private readonly watched: Watched) {
    this.#server = this.#serve(address);
    this.#histories = {
      minutes: new History(watched, RANGES.minutes.interval, RANGES.minutes.length),
      day: new History(watched, RANGES.day.interval, RANGES.day.length),
    };
  }

  /**
   * Listens at `address` (port 0: any free one).
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen.
   */
  static listen(address: SocketAddress, watched: Watched): OperatorEndpoint {
    return new OperatorEndpoint(address, watched);
  }

  /** Where it listens, with the port that port 0 became. */
  get address(): SocketAddress {
    const { hostname, port } = this.#server.addr;
    return { host: hostname, port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const history of Object.values(this.#histories)) history[Symbol.dispose]();
    await this.#server.shutdown();
  }

  #serve({ host, port }: SocketAddress): Deno.HttpServer<Deno.NetAddr> {
    const server = Deno.serve({ hostname: host, port, onListen: () => {} }, (request) => this.#answer(request));
    server.finished.catch((error) => this.#serveAgain(error)); // else that would be the end of the whole program
    return server;
  }

  /** Deno's server ends when it can't accept, as when it finds no descriptor. */
  async #serveAgain(reason: unknown): Promise<void> {
    log.error(`The status page's server has ended, making another: ${reason}`);
    const { address } = this;
    while (!this.#closing.signal.aborted) {
      try {
        this.#server = this.#serve(address);
        return;
      } catch {
        await pause(SERVE_RETRY, this.#closing.signal);
      }
    }
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams, hostname } = new URL(request.url);
    if (!isAskedFor(hostname, this.address.host, this.watched.allowedHosts())) return text(NOT_ASKED_FOR, 403);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return text("Only GET, please.\n", 405, { allow: "GET, HEAD" });
    }
    switch (pathname) {
      case "/":
        return answer(page, 200, {
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": PAGE_POLICY,
        });
      case "/status.json":
        return answer(JSON.stringify(await this.#status(searchParams)), 200, { "content-type": "application/json" });
      case "/metrics":
        return answer(exposition(this.watched, await this.watched.health.check()), 200, {
          "content-type": CONTENT_TYPE,
        });
      case "/healthz":
        return text("ok\n", 200);
      case "/readyz": {
        const results = await this.watched.health.check();
        return text(readiness(results), worst(results) === "fail" ? 503 : 200);
      }
      default:
        return text("There are /, /metrics, /healthz and /readyz.\n", 404);
    }
  }

  async #status(asked: URLSearchParams): Promise<Record<string, unknown>> {
    const { watched } = this;
    const history = this.#histories[asked.get("range") === "day" ? "day" : "minutes"];
    const checks = await watched.health.check();
    const dropped = COUNTERS.filter(({ name }) => DROPS.includes(name));
    return {
      name: watched.name,
      location: watched.location,
      identity: watched.identity,
      build: watched.build,
      startedAt: watched.startedAt,
      now: Date.now(),
      status: worst(checks),
      checks,
      gauges: Object.fromEntries(
        Object.entries(watched.gauges).map(([name, read]) => [name, read()] as const)
          .filter(([, value]) => Number.isFinite(value)),
      ),
      totals: watched.counters.snapshot(),
      warnings: warnings(),
      drops: dropped.flatMap(({ series }) => Object.entries(series))
        .filter(([name]) => name !== "packets_forwarded")
        .map(([name, reason]) => ({ reason: reason || name, dropped: watched.counters.get(name as CounterName) })),
      latest: this.#histories.minutes.latest,
      interval: history.interval,
      length: history.length,
      columns: COLUMNS,
      samples: history.since(Number(asked.get("since") ?? 0)),
      configuration: settingsOf(watched.configuration),
    };
  }
}

function readiness(results: readonly CheckResult[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  return results.map(({ name, status, reason }) => `${status.padEnd(4)}  ${name.padEnd(width)}  ${reason}\n`).join("");
}

function text(body: string, status: number, headers: Record<string, string> = {}): Response {
  return answer(body, status, { "content-type": "text/plain; charset=utf-8", ...headers });
}

function answer(body: string, status: number, headers: Record<string, string>): Response {
  const common = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
  return new Response(body, { status, headers: { ...common, ...headers } });
}
