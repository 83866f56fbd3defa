import type { GatewayKind } from "../support/gateway_process.ts";
import { measurePush, type PushFigures } from "./push.ts";
import { makeLoad, Rig } from "./rig.ts";
import { type Rounds, takeTurns } from "./rounds.ts";

const PACKETS = 20_000;
const CLIENTS = 50;
const ROUNDS = 3;

/** The cores of a gateway, which has a worker for each. */
const CORES = { "1": "0", "2": "0,1" } as const;

/** Push with one core and with two. The load generator may use both. */
export async function benchScaling(): Promise<Record<string, Rounds<PushFigures>>> {
  const load = await makeLoad(CLIENTS, PACKETS);
  const results: Record<string, Rounds<PushFigures>> = {};
  for (const [count, cores] of Object.entries(CORES)) {
    const start = async (kind: GatewayKind) => {
      const rig = await Rig.init(kind);
      rig.gateway.cores = cores;
      await rig.gateway.start();
      return rig;
    };
    results[count] = await takeTurns(`${count} core(s)`, ROUNDS, (rig) => measurePush(rig, load), start);
  }
  return results;
}
