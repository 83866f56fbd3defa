import type { Entry } from "./registry.ts";

/** The JSON for the page with the network: its nodes with their layers, versions and ages (ms). No addresses of clients. */
export function networkText(name: string, entries: readonly Entry[], now: number): string {
  const nodes = entries.map(({ kind, key, fields, isProven, since, seenAt }) => ({
    kind,
    key,
    addresses: kind === "mixnodes" ? [fields["host"]] : [fields["mixnetListener"], fields["clientListener"]],
    layer: fields.layer,
    version: fields["version"],
    location: fields["location"],
    isProven,
    listed: now - since,
    silent: now - seenAt,
  }));
  return JSON.stringify({ name, nodes });
}
