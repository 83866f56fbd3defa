// deno-lint-ignore-file no-console -- a command
/** Writes the table of all metrics, generated from the tables in src, into docs/monitoring.md: `deno task docs` */
import { COUNTERS, type Family } from "../../src/counting/counter_table.ts";
import { GAUGES, HISTOGRAMS, OPEN_CONNECTIONS, OTHERS, PREFIX } from "../../src/operator/metric_table.ts";

/** The file that is updated. */
export const DOCUMENT = new URL("../../docs/monitoring.md", import.meta.url);

const BEGIN = "<!-- metrics: made by scripts/monitoring/document.ts -->";
const END = "<!-- end of metrics -->";

/** `text` with the table between its markers replaced. */
export function withMetrics(text: string): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the document has no ${BEGIN} … ${END}`);
  return `${text.slice(0, begin)}${BEGIN}\n\n${metricsTable()}\n${text.slice(end)}`;
}

function metricsTable(): string {
  const families = (type: string, list: readonly Family[]) =>
    list.map(({ name, help, label, series }) =>
      row(PREFIX + name, type, help, label && `\`${label}\`: ${Object.values(series).join(", ")}`)
    );
  return [
    "| metric | type | labels | meaning |",
    "| --- | --- | --- | --- |",
    ...families("counter", COUNTERS),
    ...families("gauge", GAUGES),
    ...OPEN_CONNECTIONS.map(({ name, help }) => row(PREFIX + name, "gauge", help)),
    ...Object.values(HISTOGRAMS).map(({ name, help }) => row(PREFIX + name, "histogram", help)),
    ...Object.values(OTHERS).map(({ name, type, help, labels }) =>
      row(name, type, help, labels.map((label) => `\`${label}\``).join(", "))
    ),
    "",
  ].join("\n");
}

function row(name: string, type: string, help: string, labels = ""): string {
  return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
}

if (import.meta.main) {
  await Deno.writeTextFile(DOCUMENT, withMetrics(await Deno.readTextFile(DOCUMENT)));
  console.log("docs/monitoring.md is up to date");
}
