import { parseIp } from "../addresses/ip_literal.ts";
import { isLoopback } from "../addresses/peer.ts";

/**
 * Whether a request for `host`, as a URL has it, is one for an endpoint that listens at IP address `listening`: it names
 * this machine, that address, any address where all are listened at, or one of `allowed`. Any other name may be one that
 * somebody else points here, so that a web page of theirs could read the answers (DNS rebinding).
 */
export function isAskedFor(host: string, listening: string, allowed: readonly string[]): boolean {
  const asked = host.replace(/^\[(.*)\]$/, "$1");
  return asked === "localhost" || isLoopback(asked) || asked === listening || allowed.includes(asked) ||
    (isUnspecified(listening) && parseIp(asked) !== undefined);
}

function isUnspecified(ip: string): boolean {
  return ip === "0.0.0.0" || ip === "::";
}
