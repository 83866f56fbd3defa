import type { GatewayKind } from "../support/gateway_process.ts";
import type { GrowthFigures } from "./growth.ts";
import { type RateName, SHARES } from "./latency.ts";
import { type Colour, Drawing, linear, logarithmic, readable, ticks } from "./plot.ts";
import { PUSH_CLIENTS } from "./push.ts";
import type { Results } from "./results.ts";
import type { Rounds } from "./rounds.ts";
import { median } from "./statistics.ts";

const WIDTH = 860;
const COLOURS: Record<GatewayKind, Colour> = { ours: "a", "0.7.0": "b" };
const NAMES: Record<GatewayKind, string> = { ours: "this gateway", "0.7.0": "nym-gateway 0.7.0" };

/** The plots of the results: SVGs by name. */
export function plots(results: Results): Record<string, string> {
  const made: Record<string, string> = {};
  if (results.push && results.store && results.covers) made["throughput"] = throughput(results);
  if (results.latency) made["latency"] = latency(results.latency);
  if (results.growth) made["growth"] = growth(results.growth);
  return made;
}

/** Bars for each load: packets/s on the left, processor time on the right. */
function throughput({ push, store, covers, machine }: Results): string {
  const rows: [string, Rounds<{ rate: number; cpu: number }>][] = [
    ...PUSH_CLIENTS.map((clients): [string, Rounds<{ rate: number; cpu: number }>] => [
      `push to ${clients.toLocaleString("en")} client${clients === 1 ? "" : "s"}`,
      push![clients]!,
    ]),
    ["store", store!],
    ["90% cover traffic", covers!],
  ];
  const rowHeight = 56;
  const top = 110;
  const note = `Medians. Gateway and load generator share ${machine.cores} cores`;
  const drawing = new Drawing(WIDTH, top + rows.length * rowHeight + 20, "Throughput", note);
  const shown = kindsOf(rows[0]![1]);
  drawing.legend(WIDTH - (shown.length === 2 ? 296 : 140), 34, shown.map((kind) => [NAMES[kind], COLOURS[kind]]));

  const panels = [
    { figure: "rate", heading: "packets per second (more is better)", from: 166, to: 450 },
    { figure: "cpu", heading: "processor µs per packet (less is better)", from: 530, to: 790 },
  ] as const;
  for (const { figure, heading, from, to } of panels) {
    const values = rows.flatMap(([, rounds]) => kindsOf(rounds).map((kind) => of(rounds, kind, figure)));
    const x = linear([0, Math.max(...values)], [from, to - 10]);
    drawing.text(from, top - 18, heading, { style: "heading" });
    rows.forEach(([, rounds], row) => {
      kindsOf(rounds).forEach((kind, i) => {
        const value = of(rounds, kind, figure);
        const y = top + row * rowHeight + i * 21;
        drawing.bar(from, y, x(value) - from, 17, COLOURS[kind]);
        drawing.text(x(value) + 7, y + 13, readable(value), { style: kind === "ours" ? "heading" : "" });
      });
    });
    drawing.rule(from, top - 6, from, top + rows.length * rowHeight - 10, "base");
  }
  rows.forEach(([name], row) => drawing.text(154, top + row * rowHeight + 24, name, { anchor: "end" }));
  return drawing.svg();
}

function of<Figure extends string>(
  rounds: Rounds<Record<Figure, number>>,
  kind: GatewayKind,
  figure: Figure,
): number {
  return median(rounds[kind]!.map((figures) => figures[figure]));
}

function kindsOf(rounds: Rounds<unknown>): GatewayKind[] {
  return (["ours", "0.7.0"] as const).filter((kind) => kind in rounds);
}

/** A panel for each rate: the longest latency of each share of packets. */
function latency(rounds: NonNullable<Results["latency"]>): string {
  const names: RateName[] = ["100/s", "1,000/s", "80% of peak"];
  const note =
    "From the moment a packet is due on TCP to the moment its client has read it; open loop, medians of rounds";
  const drawing = new Drawing(WIDTH, 400, "Latency", note);
  const [top, bottom] = [110, 340];
  const curve = (kind: GatewayKind, name: RateName) =>
    SHARES.map((_, i) => median(rounds[kind]!.map((figures) => figures[name].curve[i]!)));
  const all = kindsOf(rounds).flatMap((kind) => names.flatMap((name) => curve(kind, name)));
  const range = [
    10 ** Math.floor(Math.log10(Math.min(...all))),
    10 ** Math.ceil(Math.log10(Math.max(...all))),
  ] as const;
  const y = logarithmic(range, [bottom, top]);

  drawing.legend(WIDTH - 296, 34, kindsOf(rounds).map((kind) => [NAMES[kind], COLOURS[kind]]));
  const width = 212;
  names.forEach((name, i) => {
    const from = 76 + i * (width + 44);
    const x = linear([0, SHARES.length - 1], [from, from + width]);
    drawing.text(from, top - 14, name === "80% of peak" ? "at 80% of each one's peak" : `${name}`, {
      style: "heading",
    });
    for (let value = range[0]; value <= range[1] * 1.01; value *= 10) {
      drawing.rule(from, y(value), from + width, y(value), value === range[0] ? "base" : "grid");
      if (i === 0) drawing.text(from - 10, y(value) + 4, `${readable(value)} ms`, { style: "faint", anchor: "end" });
    }
    ["0%", "90%", "99%", "99.9%"].forEach((label, nines) => {
      drawing.rule(x(10 * nines), top, x(10 * nines), bottom, "grid");
      drawing.text(x(10 * nines), bottom + 20, label, { style: "faint", anchor: "middle" });
    });
    for (const kind of kindsOf(rounds)) {
      const points = curve(kind, name).map((value, share) => [x(share), y(value)] as const);
      drawing.line(points, COLOURS[kind]);
    }
  });
  drawing.text(76, bottom + 42, "share of packets that took at most as long", { style: "faint" });
  return drawing.svg();
}

/** A panel for each figure; a line for stored messages and one for registered clients. */
function growth(figures: NonNullable<Results["growth"]>): string {
  const panels: { heading: string; figure: keyof GrowthFigures; unit: number }[] = [
    { heading: "store, packets per second", figure: "storeRate", unit: 1 },
    { heading: "start, ms", figure: "start", unit: 1 },
    { heading: "database, MB", figure: "fileSize", unit: 1e6 },
  ];
  const drawing = new Drawing(
    WIDTH,
    350,
    "Growth",
    "By the number of stored messages of 500 bytes, or of registered clients",
  );
  const series = [["stored messages", "a", figures.stored], ["registered clients", "b", figures.registered]] as const;
  drawing.legend(WIDTH - 314, 34, series.map(([name, colour]) => [name, colour]));
  const [top, bottom] = [110, 310];
  const width = 206;
  panels.forEach(({ heading, figure, unit }, i) => {
    const from = 70 + i * (width + 64);
    drawing.text(from, top - 18, heading, { style: "heading" });
    const value = (row: GrowthFigures) => row[figure] / unit;
    const marks = ticks(Math.max(...series.flatMap(([, , rows]) => rows.map(value))));
    const y = linear([0, marks.at(-1)!], [bottom, top]);
    for (const mark of marks) {
      drawing.rule(from, y(mark), from + width, y(mark), mark === 0 ? "base" : "grid");
      drawing.text(from - 8, y(mark) + 4, readable(mark), { style: "faint", anchor: "end" });
    }
    const x = linear([0, figures.stored.length - 1], [from + 14, from + width - 14]);
    figures.stored.forEach(({ size }, step) => {
      const label = size >= 1e6 ? `${size / 1e6}M` : size >= 1000 ? `${size / 1000}k` : `${size}`;
      drawing.text(x(step), bottom + 20, label, { style: "faint", anchor: "middle" });
    });
    for (const [, colour, rows] of series) {
      const points = rows.map((row, step) => [x(step), y(value(row))] as const);
      drawing.line(points, colour);
      for (const [px, py] of points) drawing.dot(px, py, colour);
    }
  });
  return drawing.svg();
}
