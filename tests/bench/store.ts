import { clock } from "./load/plan.ts";
import { type Load, makeLoad, type Rig } from "./rig.ts";
import { type Rounds, takeTurns } from "./rounds.ts";

const PACKETS = 20_000;
const ROUNDS = 3;

export interface StoreFigures {
  /** packets/s from the first packet sent until all are on the disk */
  rate: number;
  /** processor µs per packet */
  cpu: number;
  /** ms from a client's login to its last stored message */
  readBack: number;
  /** processor µs per message read back, until it has been removed from the disk */
  readBackCpu: number;
  /** MB at the peak of the whole run */
  peak: number;
  lost: number;
  disordered: number;
}

/** Packets for an offline client, which then fetches all of them. */
export async function benchStore(): Promise<Rounds<StoreFigures>> {
  const load = await makeLoad(1, PACKETS);
  return await takeTurns("store", ROUNDS, (rig) => measureStore(rig, load));
}

/** For a newly started gateway. */
async function measureStore(rig: Rig, { clients, warmUp, packets }: Load): Promise<StoreFigures> {
  const tokens = await rig.logIn(clients);
  await rig.push(warmUp);
  await rig.logOut();

  const { count } = packets.plan;
  const before = await rig.figures();
  const began = await rig.load.send(rig.mixnet, packets);
  await rig.stored((stored) => stored >= count);
  const ended = clock();
  const stored = await rig.figures();

  await rig.load.expect(packets);
  const login = clock();
  await rig.logIn(clients, tokens);
  const report = await rig.load.received();
  rig.check(report);
  await rig.logOut();
  const after = await rig.figures();
  return {
    rate: count / (ended - began) * 1000,
    cpu: (stored.cpu - before.cpu) * 1000 / count,
    readBack: report.ended - login,
    readBackCpu: (after.cpu - stored.cpu) * 1000 / count,
    peak: after.peak,
    lost: report.expected - report.received,
    disordered: report.disordered,
  };
}
