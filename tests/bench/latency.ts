import { type Packets, slicePackets } from "./load/packets.ts";
import { makeLoad, type Rig } from "./rig.ts";
import { type Rounds, takeTurns } from "./rounds.ts";
import { quantile } from "./statistics.ts";

const ROUNDS = 3;
const CLIENTS = 50;
/** Packets for finding the peak rate. */
const PEAK_PACKETS = 20_000;
const PEAK_SHARE = 0.8;
/** Seconds of sending at each rate. */
const DURATION = { "100/s": 5, "1,000/s": 8, "80% of peak": 4 };
export type RateName = keyof typeof DURATION;
/** The highest rate in packets/s, because packets are built in advance. */
const MAX_RATE = 20_000;

/** The plotted shares of packets: ten steps for each nine, up to 99.9%. */
export const SHARES: readonly number[] = Array.from({ length: 31 }, (_, i) => 1 - 10 ** (-i / 10));

export interface LatencyFigures {
  /** packets/s sent */
  rate: number;
  /** ms */
  p50: number;
  p99: number;
  p999: number;
  /** ms, for each of {@linkcode SHARES} */
  curve: number[];
  lost: number;
}

/**
 * The time from when a packet is due to be sent (TCP in) until its client has read the message (WebSocket out), in an
 * open loop: packets are due at a constant rate whatever the gateway does.
 */
export async function benchLatency(): Promise<Rounds<Record<RateName, LatencyFigures>>> {
  const count = PEAK_PACKETS + 100 * DURATION["100/s"] + 1000 * DURATION["1,000/s"] +
    MAX_RATE * DURATION["80% of peak"];
  // One connection, with packets in the order in which they are due.
  const { warmUp, packets } = await makeLoad(CLIENTS, count, { connections: 1 });
  return await takeTurns("latency", ROUNDS, (rig) => measureLatency(rig, warmUp, packets));
}

async function measureLatency(
  rig: Rig,
  warmUp: Packets,
  packets: Packets,
): Promise<Record<RateName, LatencyFigures>> {
  await rig.logIn(CLIENTS);
  await rig.push(warmUp);
  let taken = 0;
  const take = (count: number) => slicePackets(packets, taken, taken += count);
  const { began, report } = await rig.push(take(PEAK_PACKETS));
  const peak = PEAK_PACKETS / (report.ended - began) * 1000;

  const at = async (name: RateName, rate: number) => await sendAt(rig, take(rate * DURATION[name]), rate);
  const figures = {
    "100/s": await at("100/s", 100),
    "1,000/s": await at("1,000/s", 1000),
    "80% of peak": await at("80% of peak", Math.min(MAX_RATE, Math.round(PEAK_SHARE * peak))),
  };
  await rig.logOut();
  return figures;
}

async function sendAt(rig: Rig, packets: Packets, rate: number): Promise<LatencyFigures> {
  const { report, began, times } = await rig.push(packets, rate);
  const latencies: number[] = [];
  times.forEach((time, i) => {
    if (time > 0) latencies.push(time - (began + i * 1000 / rate));
  });
  latencies.sort((a, b) => a - b);
  return {
    rate,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    p999: quantile(latencies, 0.999),
    curve: SHARES.map((share) => quantile(latencies, share)),
    lost: report.expected - report.received,
  };
}
