import { HOST } from "../network.ts";
import type { GatewayPorts } from "./gateways.ts";

/** Ports at which the load balancer listens. */
export interface BalancerPorts {
  /** for mixnodes */
  readonly mixnet: number;
  /** for clients */
  readonly clients: number;
}

/**
 * The configuration of HAProxy in front of these gateways. New connections go to the gateway with the fewest among those
 * that are ready, or, while none is, as when the database is away, among those that run. Connections that exist stay.
 */
export function balancerConfig({ mixnet, clients }: BalancerPorts, gateways: readonly GatewayPorts[]): string {
  const service = (name: "mixnet" | "clients", port: number) => `
frontend ${name}
  bind ${HOST}:${port}
  use_backend ${name}_running if { nbsrv(${name}_ready) eq 0 }
  default_backend ${name}_ready
${backend(name, "ready", "/readyz", gateways)}
${backend(name, "running", "/healthz", gateways)}`;
  return `global
  maxconn 4000

defaults
  mode tcp
  balance leastconn
  timeout connect 1s
  timeout check 4s
  timeout client 24h
  timeout server 24h
  option redispatch 1
  retries 3
${service("mixnet", mixnet)}
${service("clients", clients)}
`;
}

function backend(
  name: "mixnet" | "clients",
  state: "ready" | "running",
  path: string,
  gateways: readonly GatewayPorts[],
): string {
  const servers = gateways.map((ports, i) =>
    `  server gateway${i + 1} ${HOST}:${ports[name]} send-proxy-v2 check port ${ports.operator} inter 1s fall 2 rise 1`
  );
  return `backend ${name}_${state}
  option httpchk GET ${path}
${servers.join("\n")}`;
}
