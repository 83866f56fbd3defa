import type { GatewayKind } from "../support/gateway_process.ts";
import type { Results } from "./results.ts";
import type { Rounds } from "./rounds.ts";
import { median } from "./statistics.ts";

/** A figure and its aim, for people. */
export interface Target {
  measure: string;
  theirs: string;
  ours: string;
  goal: string;
  beyond: string;
  reached: "beyond" | "yes" | "no";
}

/** An aim: a minimum or a maximum. */
type Aim = { least: number; beyond: number } | { most: number; beyond: number };

/** The aims for the parts that have been measured. */
export function targets({ unwrap, push, store, latency, idle, growth }: Results): Target[] {
  const rows: Target[] = [];
  const add = (measure: string, theirs: string | undefined, ours: number | undefined, unit: string, aim: Aim) => {
    if (ours === undefined || Number.isNaN(ours)) return;
    const say = (n: number) => unit === "×" ? `${n}×` : `${"least" in aim ? "≥" : "≤"} ${n}${unit}`;
    rows.push({
      measure,
      theirs: theirs ?? "–",
      ours: `${Number(ours.toPrecision(3))}${unit}`,
      goal: say("least" in aim ? aim.least : aim.most),
      beyond: say(aim.beyond),
      reached: verdict(ours, aim),
    });
  };
  const way = (name: string) => unwrap?.find((figures) => figures.name === name)?.median;
  add("unwrap, one core, wide arithmetic", undefined, way("WebAssembly with wide arithmetic"), " µs", {
    most: 85,
    beyond: 60,
  });
  add("unwrap, one core, without", undefined, way("WebAssembly without wide arithmetic"), " µs", {
    most: 130,
    beyond: 100,
  });

  const compare = <Figure extends string>(
    measure: string,
    rounds: Rounds<Record<Figure, number>> | undefined,
    figure: Figure,
    better: "less" | "more",
    aim: Aim,
  ) => {
    if (rounds?.["0.7.0"] === undefined) return;
    const [ours, theirs] = [medianOf(rounds, "ours", figure), medianOf(rounds, "0.7.0", figure)];
    add(measure, "1", better === "less" ? theirs / ours : ours / theirs, "×", aim);
  };
  const one = push?.["1"];
  compare("push, packets per processor second", one, "cpu", "less", { least: 2, beyond: 2.5 });
  compare("store, packets per processor second", store, "cpu", "less", { least: 3, beyond: 4 });
  compare("push, packets/s on two cores", one, "rate", "more", { least: 1.7, beyond: 2.2 });
  compare("store, packets/s on two cores", store, "rate", "more", { least: 4, beyond: 5 });
  compare("20,000 stored messages read back", store, "readBack", "less", { least: 10, beyond: 15 });

  for (const [pick, name, most, beyond] of [["p50", "p50", 4, 2], ["p99", "p99", 20, 8]] as const) {
    const of = (kind: GatewayKind) =>
      latency?.[kind] && median(latency[kind].map((figures) => figures["1,000/s"][pick]));
    const theirs = of("0.7.0")?.toPrecision(3);
    add(`latency at 1,000/s, ${name}`, theirs && `${theirs} ms`, of("ours"), " ms", { most, beyond });
  }
  const peaks = (kind: GatewayKind) => {
    const runs = [push?.["1"], store].map((rounds) => rounds?.[kind]?.map(({ peak }) => peak) ?? []).flat();
    return runs.length > 0 ? Math.max(...runs) : undefined;
  };
  const theirPeak = peaks("0.7.0")?.toFixed(0);
  add("peak memory in these runs", theirPeak && `${theirPeak} MB`, peaks("ours"), " MB", { most: 160, beyond: 110 });
  const use = idle?.["0.7.0"] && `${medianOf(idle, "0.7.0", "percent").toFixed(2)}%`;
  add("processor use when idle", use, idle && medianOf(idle, "ours", "percent"), "%", { most: 0.5, beyond: 0.1 });
  const [none, many] = [growth?.stored[0], growth?.stored.at(-1)];
  if (none && many) {
    const ratio = many.storeRate / none.storeRate;
    add("store rate with 1,000,000 stored messages ÷ with none", undefined, ratio, "", { least: 0.8, beyond: 0.95 });
    add("start with 1,000,000 stored messages", undefined, many.start, " ms", { most: 1000, beyond: 300 });
  }
  return rows;
}

function verdict(value: number, aim: Aim): Target["reached"] {
  if ("least" in aim) return value >= aim.beyond ? "beyond" : value >= aim.least ? "yes" : "no";
  return value <= aim.beyond ? "beyond" : value <= aim.most ? "yes" : "no";
}

function medianOf<Figure extends string>(
  rounds: Rounds<Record<Figure, number>>,
  kind: GatewayKind,
  figure: Figure,
): number {
  return median(rounds[kind]!.map((figures) => figures[figure]));
}
