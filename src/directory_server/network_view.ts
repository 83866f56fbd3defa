import { onOneLine } from "../text/one_line.ts";
import type { Entry } from "./registry.ts";

/** The JSON for the page with the network: its nodes with their layers, versions and ages (ms). No addresses of clients. */
export function networkText(name: string, entries: readonly Entry[], now: number): string {
  const nodes = entries.map(({ kind, key, fields, isProven, since, seenAt }) => ({
    kind,
    key,
    addresses: (kind === "mixnodes" ? ["host"] : ["mixnetListener", "clientListener"]).map((name) =>
      shown(fields[name])
    ),
    layer: fields.layer,
    version: shown(fields["version"]),
    location: shown(fields["location"]),
    isProven,
    listed: now - since,
    silent: now - seenAt,
  }));
  return JSON.stringify({ name, nodes });
}

/** What a node says of itself, without what would turn or hide the text around it. */
function shown(text: string | number | undefined): string {
  return onOneLine(String(text));
}
