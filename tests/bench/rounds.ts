import type { GatewayKind } from "../support/gateway_process.ts";
import { progress } from "./progress.ts";
import { awaitQuiet } from "./quiet.ts";
import { KINDS, Rig } from "./rig.ts";

/** The figures of each gateway, by round. */
export type Rounds<Figures> = Partial<Record<GatewayKind, Figures[]>>;

/** Measures the gateways in turn, so that conditions are the same for all; each time with a newly started one. */
export async function takeTurns<Figures>(
  name: string,
  rounds: number,
  measure: (rig: Rig) => Promise<Figures>,
  start: (kind: GatewayKind) => Promise<Rig> = Rig.start,
): Promise<Rounds<Figures>> {
  const results: Rounds<Figures> = {};
  for (let round = 1; round <= rounds; round++) {
    for (const kind of KINDS) {
      await awaitQuiet();
      await using rig = await start(kind);
      const figures = await measure(rig);
      (results[kind] ??= []).push(figures);
      progress(`${name}: round ${round} of ${rounds}, ${kind}: ${JSON.stringify(figures, rounded)}`);
    }
  }
  return results;
}

function rounded(_key: string, value: unknown): unknown {
  if (value instanceof Array) return undefined; // too long for a line
  return typeof value === "number" ? Number(value.toPrecision(4)) : value;
}
