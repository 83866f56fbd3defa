import { assert, assertEquals } from "@std/assert";
import { COUNTERS, type Family } from "../../src/counting/counter_table.ts";
import { GAUGES, HISTOGRAMS, OPEN_CONNECTIONS } from "../../src/operator/metric_table.ts";

Deno.test("names and labels follow Prometheus' conventions and are unique", () => {
  const families: Family[] = [...COUNTERS, ...GAUGES];
  const all = [...families, ...OPEN_CONNECTIONS, ...Object.values(HISTOGRAMS)];
  for (const { name, help } of all) {
    assert(/^[a-z][a-z0-9_]*$/.test(name), name);
    assert(help.endsWith("."), help);
  }
  assertEquals(new Set(all.map(({ name }) => name)).size, all.length);
  for (const { name } of COUNTERS) assert(name.endsWith("_total"), name);
  for (const { name } of GAUGES) assert(!name.endsWith("_total"), name);
  for (const { name, label, series } of families) {
    const values = Object.values(series);
    assertEquals(new Set(values).size, values.length, name);
    assert(label === undefined ? values.join() === "" : values.every((value) => /^[a-z_]+$/.test(value)), name);
  }
  const ours = families.flatMap(({ series }) => Object.keys(series));
  assertEquals(new Set(ours).size, ours.length);
});
