import type { Report } from "./load/arrivals.ts";
import type { Rig } from "./rig.ts";
import { type Load, makeLoad } from "./rig.ts";
import { type Rounds, takeTurns } from "./rounds.ts";

const PACKETS = 20_000;
const ROUNDS = 3;
/** How many clients the messages go to in turn. */
export const PUSH_CLIENTS = [1, 50, 1000] as const;
/** Clients of the mix, and one message in so many that is not cover traffic. */
const MIX_CLIENTS = 50;
const MIX_REAL_EVERY = 10;

export interface PushFigures {
  /** packets/s from the first that was sent to the last message that came */
  rate: number;
  /** processor µs a packet, until the messages have left the disk again */
  cpu: number;
  /** MB after the start, and the most of the whole run */
  rest: number;
  peak: number;
  lost: number;
  disordered: number;
  coversLost: number;
}

/** Packets as fast as they are taken, for clients that are there. */
export async function benchPush(): Promise<Record<string, Rounds<PushFigures>>> {
  const results: Record<string, Rounds<PushFigures>> = {};
  for (const clients of PUSH_CLIENTS) {
    const load = await makeLoad(clients, PACKETS);
    results[clients] = await takeTurns(`push to ${clients}`, ROUNDS, (rig) => measurePush(rig, load));
  }
  return results;
}

/** The same with the share of loop-cover messages that a mixnet at rest has: they are pushed and never stored. */
export async function benchCovers(): Promise<Rounds<PushFigures>> {
  const load = await makeLoad(MIX_CLIENTS, PACKETS, { realEvery: MIX_REAL_EVERY });
  return await takeTurns("90% cover traffic", ROUNDS, (rig) => measurePush(rig, load));
}

/** For a gateway that has just started. */
export async function measurePush(rig: Rig, { clients, warmUp, packets }: Load): Promise<PushFigures> {
  const { resident: rest } = await rig.figures();
  await rig.logIn(clients);
  await rig.push(warmUp);
  const before = await rig.figures();
  const { report, began } = await rig.push(packets);
  await rig.logOut();
  const after = await rig.figures();
  const { count } = packets.plan;
  return {
    rate: count / (report.ended - began) * 1000,
    cpu: (after.cpu - before.cpu) * 1000 / count,
    rest,
    peak: after.peak,
    ...failures(report, count),
  };
}

function failures(report: Report, packets: number): Pick<PushFigures, "lost" | "disordered" | "coversLost"> {
  const { expected, received, disordered, covers } = report;
  return { lost: expected - received, disordered, coversLost: packets - expected - covers };
}
