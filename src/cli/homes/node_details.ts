import { type NodeConfig, nodeOf } from "../../config/config.ts";
import { readTable } from "../../config/files.ts";
import { readKeyPair } from "../../config/key_files.ts";
import { encodeBase58 } from "../../encoding/base58.ts";
import { PROTOCOL_VERSION } from "../../build/version.ts";
import { findHome } from "./home.ts";
import type { Options } from "../options/options.ts";
import { print, printText } from "../output/output.ts";
import { paint } from "../output/paint.ts";
import type { Role } from "../role.ts";

/**
 * Prints what others know of a node.
 * @throws {OperatorError} if its configuration or keys are not valid
 */
export function nodeDetails<C extends NodeConfig>(role: Role<C>, options: Options): void {
  const config = readTable(role.table, findHome(role, options).configPath);
  const node = nodeOf(config);
  const places = placesOf(config);
  const details = {
    id: node.id,
    protocol: PROTOCOL_VERSION,
    publicKey: encodeBase58(readKeyPair(node).publicKey),
    location: node.location,
    directory: node.presenceDirectoryServer,
    ...places,
  };
  if (options.output === "json") return printText(JSON.stringify(details, undefined, 2));
  const rows = [
    [role.table.program, `${details.id}, protocol ${details.protocol}`],
    ["public key", details.publicKey],
    ["location", details.location],
    ["directory", details.directory],
    ...Object.entries(places).map(([name, place]) => [
      name,
      typeof place === "number" ? `${place}` : `${place.announced}, listening on ${place.listening}`,
    ]),
  ] as const;
  for (const [name, value] of rows) print(` ${paint("bold", name!.padEnd(11))} ${value}`);
}

interface Place {
  listening: string;
  announced: string;
}

/** Where a node is in the network: its addresses, by what they are for, and a mixnode's layer. */
function placesOf(config: NodeConfig): Record<string, Place | number> {
  const place = ({ listeningAddress: listening, announceAddress: announced }: {
    readonly listeningAddress: string;
    readonly announceAddress: string;
  }) => ({ listening, announced });
  return "gateway" in config
    ? { mixnet: place(config.mixnetEndpoint), clients: place(config.clientsEndpoint) }
    : { layer: config.mixnode.layer, mixnet: place(config.mixnode) };
}
