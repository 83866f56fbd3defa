import { pause } from "../support/gateway_process.ts";
import type { Rig } from "./rig.ts";
import { type Rounds, takeTurns } from "./rounds.ts";

const CLIENTS = 5;
/** ms after which everything that belongs to the start is over: V8 collects the garbage of it after some 30 s */
const SETTLING = 40_000;
/** ms; the operating system counts processor time in units of 10 ms, 0.05% of this */
const DURATION = 20_000;

export interface IdleFigures {
  /** of one core */
  percent: number;
  /** MB */
  resident: number;
}

/** Silent connected clients, and a directory to which the gateway announces itself; no packets. */
export async function benchIdle(): Promise<Rounds<IdleFigures>> {
  return await takeTurns("idle", 1, async (rig) => {
    await rig.logIn(CLIENTS);
    await pause(SETTLING);
    const percent = await idlePercent(rig, DURATION);
    const { resident } = await rig.figures();
    await rig.load.logOut();
    return { percent, resident };
  });
}

/** Its use of one core over this many ms. */
export async function idlePercent(rig: Rig, duration: number): Promise<number> {
  const before = await rig.figures();
  const begin = performance.now();
  await pause(duration);
  const after = await rig.figures();
  return (after.cpu - before.cpu) / (performance.now() - begin) * 100;
}
