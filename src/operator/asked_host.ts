import { parseIp } from "../addresses/ip_literal.ts";
import { isLoopback } from "../addresses/peer.ts";

/**
 * Whether an endpoint that listens on the IP address `listening` answers requests for `host` (as in a URL): only for
 * loopback, for `listening`, for any IP address if `listening` is unspecified, and for hosts in `allowed`. Any other name
 * may be one that an attacker points at this machine so that their web page can read the answers (DNS rebinding).
 */
export function isAskedFor(host: string, listening: string, allowed: readonly string[]): boolean {
  const asked = host.replace(/^\[(.*)\]$/, "$1");
  return asked === "localhost" || isLoopback(asked) || asked === listening || allowed.includes(asked) ||
    (isUnspecified(listening) && parseIp(asked) !== undefined);
}

function isUnspecified(ip: string): boolean {
  return ip === "0.0.0.0" || ip === "::";
}
