import { assert, assertEquals } from "@std/assert";
import { DOCUMENTS, withMetrics } from "../../scripts/monitoring/document.ts";
import { exposition } from "../../src/operator/exposition.ts";
import { GATEWAY_METRICS } from "../../src/gateway/metric_table.ts";
import { DIRECTORY_METRICS } from "../../src/directory_server/metric_table.ts";
import { MIXNODE_METRICS } from "../../src/mixnode/metric_table.ts";
import { OTHERS } from "../../src/operator/metric_table.ts";
import { FakeGateway } from "./fake_gateway.ts";
import { promtool } from "./promtool.ts";

const FOLDER = new URL("../../scripts/monitoring/", import.meta.url);

const DASHBOARDS = ["grafana_dashboard.json", "grafana_mixnet_dashboard.json"];

/** The names of all metrics in a scrape of a gateway, a mixnode and a directory. */
const METRICS = new Set([
  ...exposition(new FakeGateway(), [{ name: "mailbox", status: "ok", reason: "" }])
    .split("\n").filter((line) => /^\w/.test(line)).map((line) => /^\w+/.exec(line)![0]),
  ...[MIXNODE_METRICS, DIRECTORY_METRICS].flatMap(({ prefix, counters, gauges, connections, durations }) => [
    ...[...counters, ...gauges, ...connections, OTHERS.check, OTHERS.build].map(({ name }) => prefix + name),
    ...Object.values(durations).map(({ name }) => `${prefix}${name}_bucket`),
  ]),
]);

Deno.test("the documentation lists the current metrics", () => {
  const outdated = "it is out of date: run deno task docs";
  const cells = (text: string) => text.split("\n").map((line) => line.replace(/ +\|/g, " |").replace(/-+/g, "-"));
  for (const { file, metrics } of DOCUMENTS) {
    const text = Deno.readTextFileSync(file);
    assertEquals(cells(text).join("\n"), cells(withMetrics(text, metrics)).join("\n"), outdated);
  }
});

Deno.test("rules and dashboards use existing metrics", () => {
  for (const file of ["alerts.yml", "alerts_test.yml", ...DASHBOARDS]) {
    const text = Deno.readTextFileSync(new URL(file, FOLDER));
    const names = text.match(/\b(nym_gateway_|nym_mixnode_|nym_directory_|process_)[a-z_]+/g) ?? [];
    assert(names.length > 5, file);
    for (const name of names) assert(METRICS.has(name), `${file} uses ${name}`);
  }
});

Deno.test("every alert has a test, and every gauge has an alert or a panel", () => {
  const [rules, tests, ...dashboards] = ["alerts.yml", "alerts_test.yml", ...DASHBOARDS]
    .map((file) => Deno.readTextFileSync(new URL(file, FOLDER)));
  const alerts = [...rules!.matchAll(/alert: (\w+)/g)].map(([, name]) => name);
  const tested = new Set([...tests!.matchAll(/alertname: (\w+)/g)].map(([, name]) => name));
  assertEquals(alerts.filter((name) => !tested.has(name)), []);
  const shown = new Set(`${rules}${dashboards}`.match(/\b(nym_[a-z]+_|process_)[a-z_]+/g));
  const gauges = [GATEWAY_METRICS, MIXNODE_METRICS, DIRECTORY_METRICS]
    .flatMap(({ prefix, gauges, connections }) => [...gauges, ...connections].map(({ name }) => prefix + name));
  assertEquals(gauges.filter((name) => !shown.has(name)), []);
});

Deno.test("the panels of a dashboard do not overlap", () => {
  for (const file of DASHBOARDS) {
    const { panels } = JSON.parse(Deno.readTextFileSync(new URL(file, FOLDER)));
    const taken = new Set<string>();
    for (const { id, title, gridPos: { x, y, w, h } } of panels) {
      assert(x + w <= 24, title);
      for (let place = 0; place < w * h; place++) {
        const name = `${x + place % w},${y + Math.floor(place / w)}`;
        assert(!taken.has(name), `${file}: ${title} (${id}) overlaps another panel`);
        taken.add(name);
      }
    }
  }
});

Deno.test("promtool accepts the configuration and the rules, and the rules fire correctly", async () => {
  const folder = FOLDER.pathname;
  const runs = [["check", "config", `${folder}prometheus.yml`], ["test", "rules", `${folder}alerts_test.yml`]];
  for (const args of runs) {
    const { code, output } = await promtool(args) ?? { code: 0, output: "skipped" };
    assertEquals(code, 0, output);
  }
});
