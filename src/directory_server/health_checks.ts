import { formatSocketAddress } from "../addresses/socket_address.ts";
import { type Check, fail, ok, warn } from "../operator/health.ts";
import { tooWide } from "../proxies/trusted_proxies.ts";
import { plural } from "../text/plural.ts";
import { RENEWAL_DAYS } from "../tls/certificate.ts";
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
      if (renewal === undefined) return ok(`listening on ${where}`);
      const { daysLeft } = renewal;
      if (daysLeft < 0) {
        return fail(`listening on ${where}, but the certificate has expired: nodes and clients refuse it`);
      }
      const text = `listening on ${where}, the certificate is valid for ${daysLeft} days`;
      return daysLeft < RENEWAL_DAYS ? warn(`${text}: renew it`) : ok(text);
    },
    state: () =>
      api.isStoreFailing
        ? fail("cannot write which nodes are listed: new ones are refused; the log says why")
        : ok("what has changed is written"),
    network: () => {
      const empty = registry.emptyLayers(now());
      const nodes = `${plural(registry.count("mixnodes"), "mixnode")}, ${
        plural(registry.count("gateways"), "gateway")
      }`;
      if (empty.length > 0) return warn(`${nodes}; none in layer ${empty.join(", ")}: clients can't send`);
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
    config: () => {
      const { verdict } = reloads;
      const wide = tooWide(limits.trustedProxies);
      if (wide === undefined || verdict.status !== "ok") return verdict;
      return warn(`trusted_proxies has ${wide}: anyone in so large a network can evade the limits per network`);
    },
  };
}
