import { readConfig } from "../config/files.ts";
import { readKeyPair } from "../config/key_files.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { PROTOCOL_VERSION } from "../build/version.ts";
import { findGateway } from "./home.ts";
import type { Options } from "./options.ts";
import { print, printText } from "./output.ts";
import { paint } from "./paint.ts";

/**
 * Prints what others know of a gateway.
 * @throws {OperatorError} if its configuration or keys are not valid
 */
export function nodeDetails(options: Options): void {
  const { gateway, mixnetEndpoint: mixnet, clientsEndpoint: clients } = readConfig(
    findGateway(options).configPath,
  );
  const details = {
    id: gateway.id,
    protocol: PROTOCOL_VERSION,
    publicKey: encodeBase58(readKeyPair(gateway).publicKey),
    location: gateway.location,
    directory: gateway.presenceDirectoryServer,
    mixnet: { listening: mixnet.listeningAddress, announced: mixnet.announceAddress },
    clients: { listening: clients.listeningAddress, announced: clients.announceAddress },
  };
  if (options.output === "json") return printText(JSON.stringify(details, undefined, 2));
  const rows = [
    ["gateway", `${details.id}, protocol ${details.protocol}`],
    ["public key", details.publicKey],
    ["location", details.location],
    ["directory", details.directory],
    ["mixnet", `${details.mixnet.announced}, listening on ${details.mixnet.listening}`],
    ["clients", `${details.clients.announced}, listening on ${details.clients.listening}`],
  ] as const;
  for (const [name, value] of rows) print(` ${paint("bold", name.padEnd(11))} ${value}`);
}
