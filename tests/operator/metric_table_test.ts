import { assert, assertEquals } from "@std/assert";
import { GATEWAY_METRICS } from "../../src/gateway/metric_table.ts";
import { MIXNODE_METRICS } from "../../src/mixnode/metric_table.ts";
import type { Metrics } from "../../src/operator/metric_table.ts";

Deno.test("names and labels follow Prometheus' conventions and are unique", () => {
  for (const metrics of [GATEWAY_METRICS, MIXNODE_METRICS]) judge(metrics);
});

Deno.test("what the history shows exists", () => {
  for (const { columns, counters, gauges, durations, drops } of [GATEWAY_METRICS, MIXNODE_METRICS]) {
    const names = (families: Metrics["counters"]) => families.flatMap(({ series }) => Object.keys(series));
    for (const column of columns) {
      if ("gauge" in column) assert(names(gauges).includes(column.gauge), column.gauge);
      else if ("duration" in column) assert(column.duration in durations, column.duration);
      else for (const prefix of column.rate) assert(names(counters).some((name) => name.startsWith(prefix)), prefix);
    }
    for (const family of drops) assert(counters.some(({ name }) => name === family), family);
  }
});

function judge({ counters, gauges, connections, durations }: Metrics): void {
  const families = [...counters, ...gauges];
  const all = [...families, ...connections, ...Object.values(durations)];
  for (const { name, help } of all) {
    assert(/^[a-z][a-z0-9_]*$/.test(name), name);
    assert(help.endsWith("."), help);
  }
  assertEquals(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name } of counters) assert(name.endsWith("_total"), name);
  for (const { name } of gauges) assert(!name.endsWith("_total"), name);
  for (const { name, label, series } of families) {
    const values = Object.values(series);
    assertEquals(new Set(values).size, values.length, name);
    assert(label === undefined ? values.join() === "" : values.every((value) => /^[a-z_]+$/.test(value)), name);
  }
  const ours = families.flatMap(({ series }) => Object.keys(series));
  assertEquals(new Set(ours).size, ours.length);
}
