import { failedRequests, nodeChecks } from "../node/health_checks.ts";
import { type Check, fail, ok, warn } from "../operator/health.ts";
import { plural } from "../text/plural.ts";
import type { Parts } from "./parts.ts";

/** Warns when more than this share of `held_packets` is in use. */
const NEARLY_FULL = 0.75;

/** The health checks by name. A directory that can't be reached only warns: packets still go to the nodes known before. */
export function checksOf(parts: Parts): Record<string, Check> {
  const { held, limits, presence, replays } = parts;
  const { mixnet, workers, config } = nodeChecks(parts);
  return {
    mixnet,
    delays: () => {
      const { heldPackets: most } = limits;
      const waiting = `${plural(held.size, "packet")} ${held.size === 1 ? "waits" : "wait"} for ${
        held.size === 1 ? "its" : "their"
      } delay`;
      if (!held.hasRoomFor(0)) return fail(`${waiting}, as many as held_packets allows: further ones are dropped`);
      if (held.size > NEARLY_FULL * most) return warn(`${waiting}, nearly held_packets (${most})`);
      return ok(waiting);
    },
    replays: () =>
      replays.isFailing
        ? warn("cannot write which packets were seen: after a restart they could be replayed; the log says why")
        : ok(`${plural(replays.size, "packet")} remembered`),
    workers,
    directory: () => {
      const failed = failedRequests(presence, "mixnode");
      if (failed !== undefined) return failed;
      if (presence.fault !== undefined) return warn(presence.fault);
      if (presence.nodes === 0) return warn("lists no other node: packets cannot be forwarded");
      return ok(`lists ${plural(presence.nodes, "other node")}`);
    },
    config,
  };
}
