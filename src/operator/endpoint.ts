import type { AnyConfig } from "../config/config.ts";
import { logger, warnings } from "../logging/log.ts";
import type { SocketAddress } from "../addresses/socket_address.ts";
import { LastingServer } from "../serving/lasting_server.ts";
import { isAskedFor } from "./asked_host.ts";
import { CONTENT_TYPE, exposition, type Sources } from "./exposition.ts";
import { type CheckResult, type Health, worst } from "./health.ts";
import { columnNames, History } from "./history.ts";
import { settingsOf } from "./settings.ts";
import { PAGE_HEADERS, styled } from "./page.ts";
import page from "./status_page.html" with { type: "text" };

/** What the endpoint shows about a node. */
export interface Watched extends Sources {
  /** what it is; the page shows each kind in its own way */
  readonly kind: "gateway" | "mixnode" | "directory";
  /** the checks of `/readyz`, which also appear on the page and in the metrics */
  readonly health: Health;
  /** the node's id */
  readonly name: string;
  /** as configured, in free text */
  readonly location: string;
  /** how others know it: its public key (base58), the addresses that it announces, the directory's URL */
  readonly identity: Readonly<Record<string, string | number>>;
  /** what a directory's operator has decided about nodes, by public key (base58) */
  readonly decisions?: () => Iterable<readonly [key: string, decision: object]>;
  /** the configuration in force, which contains no secrets */
  readonly configuration: AnyConfig;
  /** further hosts that the endpoint answers for, in canonical form (asked_host.ts) */
  readonly allowedHosts: () => readonly string[];
}

const log = logger("nym_gateway::operator");

/** Ten minutes and a day: the interval in ms, and the number of samples. */
const RANGES = { minutes: { interval: 2_000, length: 300 }, day: { interval: 300_000, length: 288 } } as const;

const PAGE = styled(page);

const NOT_ASKED_FOR = "No answer for this host. To allow it, add it to allowed_hosts in [operator].\n";

/**
 * The operator's view of a node, over HTTP: `/` is a status page, `/metrics` is for Prometheus, `/healthz` says
 * whether it is running, and `/readyz` whether it is ready, with the reason for each check. It changes nothing,
 * identifies no client and needs no password: it is for loopback, or for a network that only the operator can reach.
 */
export class OperatorEndpoint {
  readonly #server: LastingServer;
  readonly #histories: Readonly<Record<keyof typeof RANGES, History>>;

  private constructor(address: SocketAddress, private readonly watched: Watched) {
    this.#server = new LastingServer(address, {
      answer: (request) => this.#answer(request),
      failed: (error) => {
        log.error(`A request could not be answered: ${error}`);
        return text("The request could not be answered; the log says why.\n", 500);
      },
      ended: (reason) => log.error(`The status page's server failed, restarting it: ${reason}`),
    });
    this.#histories = {
      minutes: new History(watched, RANGES.minutes.interval, RANGES.minutes.length),
      day: new History(watched, RANGES.day.interval, RANGES.day.length),
    };
  }

  /**
   * Listens on `address`; port 0 stands for any free port.
   *
   * @throws {Deno.errors.AddrInUse} and the other errors of Deno.listen
   */
  static listen(address: SocketAddress, watched: Watched): OperatorEndpoint {
    return new OperatorEndpoint(address, watched);
  }

  /** The address that it listens on, with the actual port. */
  get address(): SocketAddress {
    return this.#server.address;
  }

  /** Stops listening once the current requests are answered. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const history of Object.values(this.#histories)) history[Symbol.dispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  async #answer(request: Request): Promise<Response> {
    const url = URL.parse(request.url); // of the host that the request names, whatever that is
    if (url === null) return text("The host is not valid.\n", 400);
    const { pathname, searchParams, hostname } = url;
    if (!isAskedFor(hostname, this.address.host, this.watched.allowedHosts())) return text(NOT_ASKED_FOR, 403);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return text("Only GET and HEAD are allowed.\n", 405, { allow: "GET, HEAD" });
    }
    switch (pathname) {
      case "/":
        return answer(PAGE, 200, PAGE_HEADERS);
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
        return text("Not found. Try /, /metrics, /healthz or /readyz.\n", 404);
    }
  }

  async #status(asked: URLSearchParams): Promise<Record<string, unknown>> {
    const { watched } = this;
    const history = this.#histories[asked.get("range") === "day" ? "day" : "minutes"];
    const checks = await watched.health.check();
    const { counters, columns, drops } = watched.metrics;
    const dropped = counters.filter(({ name }) => drops.includes(name));
    return {
      kind: watched.kind,
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
      decisions: watched.decisions && Object.fromEntries(watched.decisions()),
      drops: dropped.flatMap(({ series }) => Object.entries(series))
        .filter(([name]) => name !== "packets_forwarded")
        .map(([name, reason]) => ({ reason: reason || name, dropped: watched.counters.get(name) })),
      latest: this.#histories.minutes.latest,
      interval: history.interval,
      length: history.length,
      columns: columnNames(columns),
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
