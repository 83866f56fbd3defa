import { type Key, key } from "./key.ts";
import { address, hosts, orNone } from "./kinds.ts";

/** The section about the operator's endpoint, which has its port from the kind of node, so that several fit on a host. */
export function operatorSection(
  port: number,
): { readonly listening_address: Key<string, never>; readonly allowed_hosts: Key<readonly string[], never> } {
  return {
    listening_address: key({
      kind: orNone(address(port)),
      default: `127.0.0.1:${port}`,
      comment: `The address of the status page for browsers, and of /metrics for Prometheus, /healthz and /readyz. The
      default, 127.0.0.1:${port}, is reachable from this machine only. There is no password, but the page is
      read-only and names no client. Empty: none of these. If the port is in use, a warning is logged, and everything else
      works.`,
    }),
    allowed_hosts: key({
      kind: hosts,
      default: [],
      reloadable: "always",
      comment: `Additional host names or addresses that requests for these pages may use. localhost and the address it
      listens on are always allowed; with 0.0.0.0 or [::], so is any IP address. Requests for other hosts are refused:
      otherwise, a website could point its own host name at this machine and read the pages through the operator's
      browser.`,
    }),
  };
}
