import type { GrowthFigures } from "./growth.ts";
import type { IdleFigures } from "./idle.ts";
import type { LatencyFigures, RateName } from "./latency.ts";
import type { Machine } from "./machine.ts";
import type { PushFigures } from "./push.ts";
import type { Rounds } from "./rounds.ts";
import type { StoreFigures } from "./store.ts";
import type { UnwrapFigures } from "./unwrap.ts";

/** The latest results, by part. */
export interface Results {
  machine: Machine;
  /**
   * when each part was measured (ISO 8601), and the share of the machine that other programs used when its rounds began
   */
  measured: Record<string, { at: string; otherLoad: number }>;
  unwrap?: UnwrapFigures[];
  /** by the number of clients */
  push?: Record<string, Rounds<PushFigures>>;
  covers?: Rounds<PushFigures>;
  store?: Rounds<StoreFigures>;
  latency?: Rounds<Record<RateName, LatencyFigures>>;
  idle?: Rounds<IdleFigures>;
  growth?: { stored: GrowthFigures[]; registered: GrowthFigures[] };
  /** by the number of cores */
  scaling?: Record<string, Rounds<PushFigures>>;
}

const FILE = new URL("results/results.json", import.meta.url);

/** The results of earlier runs on this machine; those of other machines are ignored. */
export async function loadResults(machine: Machine): Promise<Results> {
  const text = await Deno.readTextFile(FILE).catch(() => undefined);
  const results = text === undefined ? undefined : JSON.parse(text) as Results;
  if (JSON.stringify(results?.machine) !== JSON.stringify(machine)) return { machine, measured: {} };
  return results!;
}

export async function saveResults(results: Results): Promise<void> {
  await Deno.mkdir(new URL(".", FILE), { recursive: true });
  const json = JSON.stringify(
    results,
    (_, value) => typeof value === "number" ? Number(value.toPrecision(5)) : value,
    1,
  );
  await Deno.writeTextFile(FILE, json + "\n");
}
