import { formatSocketAddress } from "../addresses/socket_address.ts";
import { type Check, fail, ok, type Verdict, warn } from "../operator/health.ts";
import { tooWide } from "../proxies/trusted_proxies.ts";
import { durationText } from "../text/units.ts";
import { RENEWAL_DAYS } from "../tls/certificate.ts";
import type { NodeParts } from "./parts.ts";
import type { Reloads } from "./reloads.ts";

/** The health checks of any node, by name. */
export function nodeChecks(
  { mixnetListener, unwrapping, reloads, limits }: NodeParts,
): Record<"mixnet" | "workers" | "config", Check> {
  return {
    mixnet: () => {
      const where = formatSocketAddress(mixnetListener.address);
      return mixnetListener.isAccepting
        ? ok(`listening on ${where}`)
        : fail(`cannot accept connections on ${where}; the log says why`);
    },
    workers: () => {
      const { alive, wanted } = unwrapping;
      if (wanted === 0) return ok("there are so few packets that no workers are needed");
      if (alive === 0) return fail("no worker is running; the log says why");
      if (alive < wanted) return warn(`only ${alive} of ${wanted} workers are running; the log says why`);
      return ok(alive === 1 ? "1 worker is running" : `${alive} workers are running`);
    },
    config: () => configVerdict(reloads, limits),
  };
}

/** The verdict on the configuration: how the latest reload went, and whether too many are trusted as proxies. */
export function configVerdict(
  { verdict }: Reloads,
  { trustedProxies }: { readonly trustedProxies: readonly string[] },
): Verdict {
  const wide = tooWide(trustedProxies);
  if (wide === undefined || verdict.status !== "ok") return verdict;
  return warn(`trusted_proxies has ${wide}: anyone in so large a network can evade the limits per network`);
}

/**
 * The verdict on a listener that accepts connections at `where` (`ip:port`). `daysLeft`: how long its certificate is
 * valid; undefined without TLS. `peers`: what connects to it.
 */
export function listeningVerdict(where: string, daysLeft: number | undefined, peers: string): Verdict {
  if (daysLeft === undefined) return ok(`listening on ${where}`);
  if (daysLeft < 0) return fail(`listening on ${where}, but the certificate has expired: ${peers} refuse it`);
  const text = `listening on ${where}, the certificate is valid for ${daysLeft} days`;
  return daysLeft < RENEWAL_DAYS ? warn(`${text}: renew it`) : ok(text);
}

/** The verdict on a directory to which the `node`'s requests fail; undefined if they succeed. `topologyAge`: in ms. */
export function failedRequests(
  { failure, topologyAge }: { failure: string | undefined; topologyAge: number | undefined },
  node: "gateway" | "mixnode",
): Verdict | undefined {
  if (failure === undefined) return undefined;
  const use = topologyAge === undefined ? "has no topology" : `uses the topology of ${durationText(topologyAge)} ago`;
  return warn(`requests fail: ${failure}; clients may not find the ${node}, which ${use} and is retrying`);
}
