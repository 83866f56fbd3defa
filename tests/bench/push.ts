import type { Report } from "./load/arrivals.ts";
import type { Rig } from "./rig.ts";
import { type Load, makeLoad } from "./rig.ts";
import { type Rounds, takeTurns } from "./rounds.ts";

const PACKETS = 20_000;
const ROUNDS = 3;
/** The number of clients that messages go to in turn. */
export const PUSH_CLIENTS = [1, 50, 1000] as const;
/** The number of clients in the load with cover traffic. */
const MIX_CLIENTS = 50;
/** One message in this many is real, the others are cover. */
const MIX_REAL_EVERY = 10;

export interface PushFigures {
  /** packets/s from the first packet sent to the last message received */
  rate: number;
  /** processor µs per packet, until the messages have been removed from the disk */
  cpu: number;
  /** MB after the start, and at the peak of the whole run */
  rest: number;
  peak: number;
  lost: number;
  disordered: number;
  coversLost: number;
}

/** Packets as fast as possible, for connected clients. */
export async function benchPush(): Promise<Record<string, Rounds<PushFigures>>> {
  const results: Record<string, Rounds<PushFigures>> = {};
  for (const clients of PUSH_CLIENTS) {
    const load = await makeLoad(clients, PACKETS);
    results[clients] = await takeTurns(`push to ${clients}`, ROUNDS, (rig) => measurePush(rig, load));
  }
  return results;
}

/** The same with the share of loop cover in a mixnet at rest; cover is pushed and never stored. */
export async function benchCovers(): Promise<Rounds<PushFigures>> {
  const load = await makeLoad(MIX_CLIENTS, PACKETS, { realEvery: MIX_REAL_EVERY });
  return await takeTurns("90% cover traffic", ROUNDS, (rig) => measurePush(rig, load));
}

/** For a newly started gateway. */
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
