import { defaultConfig } from "../../src/config/config.ts";
import { Counters } from "../../src/counting/counters.ts";
import type { Watched } from "../../src/operator/endpoint.ts";
import { Health, type Verdict } from "../../src/operator/health.ts";
import { emptyHistograms } from "../../src/operator/histogram.ts";
import { DURATIONS, GATEWAY_METRICS, type GaugeName, GAUGES } from "../../src/gateway/metric_table.ts";

/** A gateway as the endpoint sees it, with figures that a test can set. */
export class FakeGateway implements Watched {
  readonly kind = "gateway";
  readonly metrics = GATEWAY_METRICS;
  readonly counters = new Counters();
  readonly histograms = emptyHistograms(DURATIONS);
  /** the values of the gauges */
  readonly levels = {} as Record<GaugeName, number>;
  readonly gauges = {} as Record<GaugeName, () => number>;
  /** the result of its only check */
  verdict: Verdict = { status: "ok", reason: "a write to the disk took 1 ms" };
  readonly health = new Health({ mailbox: () => this.verdict }, { timeout: 3_000, lifetime: 0, interval: 3_600_000 });
  readonly build = { version: "1.0.0", protocol: "0.7.0", commit: "abc" };
  readonly startedAt = Date.now();
  readonly name = "lighthouse";
  readonly location = "Neuchâtel";
  readonly identity = {
    publicKey: "67o5N4joxR2btmhrbsxMimzGmQMfnyeMxD8WAHPSS86t",
    mixnet: "203.0.113.7:1789",
    clients: "wss://gateway.example.org:9000",
    directory: "https://directory.example.org",
    store: "PostgreSQL, postgres://gateway@db.example.org/mail",
  };
  allowed: string[] = [];
  readonly allowedHosts = () => this.allowed;
  readonly configuration = defaultConfig("lighthouse", "/var/lib/nym-gateway/gateways");

  constructor() {
    for (const name of GAUGES.flatMap(({ series }) => Object.keys(series) as GaugeName[])) {
      this.levels[name] = 0;
      this.gauges[name] = () => this.levels[name];
    }
  }
}
