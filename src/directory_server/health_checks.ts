import { formatSocketAddress } from "../addresses/socket_address.ts";
import { configVerdict, listeningVerdict } from "../node/health_checks.ts";
import { type Check, fail, ok, warn } from "../operator/health.ts";
import { plural } from "../text/plural.ts";
import type { Parts } from "./parts.ts";

/** Warns when more than this share of the places for nodes is taken. */
const NEARLY_FULL = 0.75;

/** The health checks by name. */
export function checksOf(
  { config: { directory, limits }, registry, api, door, reloads, renewal, now }: Parts,
): Record<string, Check> {
  return {
    http: () => {
      const where = formatSocketAddress(door.address);
      if (!door.isAccepting) return fail(`cannot accept connections on ${where}; the log says why`);
      if (door.isCutOff) return fail(`accepts connections on ${where}, but cannot serve them; the log says why`);
      return listeningVerdict(where, renewal?.daysLeft, "nodes and clients");
    },
    state: () =>
      api.isStoreFailing
        ? fail("cannot write which nodes are listed: new ones are refused; the log says why")
        : ok("what has changed is written"),
    network: () => {
      const empty = registry.emptyLayers(now());
      const { summary: nodes } = registry;
      if (empty.length > 0) return warn(`${nodes}; none in ${layers(empty)}: clients can't send`);
      if (registry.count("gateways") === 0) return warn(`${nodes}: clients have nowhere to connect`);
      for (const kind of ["mixnodes", "gateways"] as const) {
        if (registry.count(kind) > NEARLY_FULL * limits[kind]) return warn(`${nodes}, nearly ${kind} in [limits]`);
      }
      return ok(nodes);
    },
    proofs: () =>
      directory.open
        ? warn("open = true: anyone can announce any node that does not prove its key")
        : ok(`${plural(api.sessions, "node")} ${api.sessions === 1 ? "proves its key" : "prove their keys"}`),
    config: () => configVerdict(reloads, limits),
  };
}

/** As in `layer 2`, `layers 1 and 3`. */
function layers(numbers: readonly number[]): string {
  const listed = new Intl.ListFormat("en-GB").format(numbers.map(String));
  return `${numbers.length === 1 ? "layer" : "layers"} ${listed}`;
}
