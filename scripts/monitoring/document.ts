// deno-lint-ignore-file no-console -- a command
/** Writes the tables of all metrics, generated from those in src, into the documents about them: `deno task docs` */
import type { Family } from "../../src/counting/counter_table.ts";
import { DIRECTORY_METRICS } from "../../src/directory_server/metric_table.ts";
import { GATEWAY_METRICS } from "../../src/gateway/metric_table.ts";
import { MIXNODE_METRICS } from "../../src/mixnode/metric_table.ts";
import { type Metrics, OTHERS } from "../../src/operator/metric_table.ts";

/** The files that are updated, with what each has a table of. */
export const DOCUMENTS: readonly { readonly file: URL; readonly metrics: Metrics }[] = [
  { file: new URL("../../docs/monitoring.md", import.meta.url), metrics: GATEWAY_METRICS },
  { file: new URL("../../docs/mixnode.md", import.meta.url), metrics: MIXNODE_METRICS },
  { file: new URL("../../docs/directory.md", import.meta.url), metrics: DIRECTORY_METRICS },
];

const BEGIN = "<!-- metrics: made by scripts/monitoring/document.ts -->";
const END = "<!-- end of metrics -->";

/** `text` with the table between its markers replaced. */
export function withMetrics(text: string, metrics: Metrics): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the document has no ${BEGIN} … ${END}`);
  return `${text.slice(0, begin)}${BEGIN}\n\n${metricsTable(metrics)}\n${text.slice(end)}`;
}

function metricsTable({ prefix, counters, gauges, connections, durations }: Metrics): string {
  const families = (type: string, list: readonly Family[]) =>
    list.map(({ name, help, label, series }) =>
      row(prefix + name, type, help, label && `\`${label}\`: ${Object.values(series).join(", ")}`)
    );
  return [
    "| metric | type | labels | meaning |",
    "| --- | --- | --- | --- |",
    ...families("counter", counters),
    ...families("gauge", gauges),
    ...connections.map(({ name, help }) => row(prefix + name, "gauge", help)),
    ...Object.values(durations).map(({ name, help }) => row(prefix + name, "histogram", help)),
    ...Object.values(OTHERS).map(({ own, name, type, help, labels }) =>
      row(own ? prefix + name : name, type, help, labels.map((label) => `\`${label}\``).join(", "))
    ),
    "",
  ].join("\n");
}

function row(name: string, type: string, help: string, labels = ""): string {
  return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
}

if (import.meta.main) {
  for (const { file, metrics } of DOCUMENTS) {
    await Deno.writeTextFile(file, withMetrics(await Deno.readTextFile(file), metrics));
  }
  console.log("docs/monitoring.md, docs/mixnode.md and docs/directory.md are up to date");
}
